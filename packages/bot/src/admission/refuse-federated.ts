import { isFederatedName, matchesIdentity, type Policy } from "@interlock/policy";
import { denial } from "../base/error.js";
import type { FederatedDomain } from "../trust/federated-domain.js";
import type { Trust } from "../trust/trust.js";
import type { Attempt } from "./attempt.js";

/** Where bots of federated trust domains are let in. */
export interface FederatedDoor {
  /** Whether those of a domain get a connection at all. */
  admits(domain: FederatedDomain): boolean;
  /** The paths of methods that they may call without being named by the policy. */
  readonly open: ReadonlySet<string>;
}

const none: ReadonlySet<string> = new Set();

/**
 * Makes the step that refuses bots of federated trust domains wherever nothing names them: the relation has to name the service,
 * and the policy of the method the bot, by a pattern with its domain. A method that is open to any bot is open to those of the own
 * trust domain. It looks at the certificate alone, before the token; a token of the authority is needed besides.
 *
 * The step throws `CALLER_NOT_ALLOWED`, and `IDENTITY_REVOKED` where the domain does not name the bot any more.
 *
 * @param open - The paths of methods that they may call without being named. Default: none.
 */
export function createRefuseFederated(trust: Pick<Trust, "federatedDomain">, open: ReadonlySet<string> = none) {
  return function refuseFederated({ service, method, connection }: Pick<Attempt, "service" | "method" | "connection">) {
    const { name, uri, trustDomain } = connection.peer;
    if (!isFederatedName(name)) return;
    const domain = trust.federatedDomain(uri);
    if (!domain) throw denial("IDENTITY_REVOKED");
    if (open.has(method.path)) return;
    if (!domain.services.includes(service)) {
      throw denial("CALLER_NOT_ALLOWED", `the federation with ${trustDomain} does not name ${service}`);
    }
    if (!names(method.policy, name)) {
      throw denial(
        "CALLER_NOT_ALLOWED",
        `its policy names no bots of ${trustDomain} as callers that this one is among`,
      );
    }
  };
}

/** Whether a policy names a bot of a federated trust domain as a caller. */
function names({ anyBot, callers }: Policy, name: string): boolean {
  return !anyBot && callers.some((pattern) => matchesIdentity(pattern, name));
}

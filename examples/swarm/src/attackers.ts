import { type Client, InterlockError } from "@interlock/bot";
import { AuthorityService } from "@interlock/bot/protocol";
import { OperatorService } from "@interlock/swarm";
import { rawCall } from "./raw-client.js";
import { forgeIdentity } from "./rogue-ca.js";

/** How an attack ended. */
export interface Outcome {
  /** The gRPC code that the attacker saw; `OK` when the attack succeeded. */
  readonly code: string;
  /** The reason in the answer; empty when the attacker was not told. */
  readonly reason: string;
}

/** A private key and a certificate, PEM. */
interface Credentials {
  readonly key: string;
  readonly certificate: string;
}

/** What the attackers have got hold of. */
export interface Loot {
  readonly leader: string;
  readonly authority: string;
  /** The fleet's CA certificate, PEM; it is no secret. */
  readonly ca: string;
  /** A token of `operator/1`, lifted from some log. */
  readonly operatorToken: string;
  /** The operator's own credentials, for the positive control only. */
  readonly operator: Credentials;
  /** A bot of the fleet that may look, and nothing else. */
  readonly visitor: Credentials;
  readonly visitorClient: Client<typeof OperatorService>;
}

/** One attack: the same call made properly comes first and has to succeed, or the refusal proves nothing. */
export interface Attack {
  readonly name: "no-certificate" | "other-ca" | "missing-scope" | "stolen-token";
  readonly title: string;
  /** The reasons of the closed list that fit. */
  readonly expected: readonly string[];
  control(loot: Loot): Promise<unknown>;
  attack(loot: Loot): Promise<unknown>;
}

const method = OperatorService.methods.listTasks;
const request = { pageSize: 1 };
// Should it ever be let in, this shows up among the leader's tasks.
const mischief = { kind: "warehouse.carry", idempotencyKey: "mischief" };

const asOperator = ({ leader: address, ca, operator: identity, operatorToken: token }: Loot) =>
  rawCall({ address, ca, identity, token, method, request });

const noCertificate: Attack = {
  name: "no-certificate",
  title: "stranger, no certificate",
  expected: ["NO_CERTIFICATE"],
  control: asOperator,
  attack: ({ leader: address, ca, operatorToken: token }) => rawCall({ address, ca, token, method, request }),
};

const otherCa: Attack = {
  name: "other-ca",
  title: "impostor, another CA",
  expected: ["CERTIFICATE_UNTRUSTED"],
  control: asOperator,
  async attack({ leader: address, ca, operatorToken: token }) {
    const identity = await forgeIdentity("spiffe://swarm/operator/1");
    return rawCall({ address, ca, identity, token, method, request });
  },
};

const missingScope: Attack = {
  name: "missing-scope",
  title: "visitor/1 submits a task",
  expected: ["SCOPE_MISSING"],
  control: ({ visitorClient }) => visitorClient.listTasks(request),
  attack: ({ visitorClient }) => visitorClient.submitTask(mischief),
};

const stolenToken: Attack = {
  name: "stolen-token",
  title: "visitor/1, stolen token",
  expected: ["TOKEN_SUBJECT_MISMATCH", "TOKEN_BINDING_MISMATCH"],
  control: asOperator,
  attack: ({ leader: address, ca, visitor: identity, operatorToken: token }) =>
    rawCall({ address, ca, identity, token, method: OperatorService.methods.submitTask, request: mischief }),
};

export const attacks: readonly Attack[] = [noCertificate, otherCa, missingScope, stolenToken];

/** Runs the control, which throws when it fails, and then the attack. */
export async function carryOut({ name, control, attack }: Attack, loot: Loot): Promise<Outcome> {
  try {
    await control(loot);
  } catch (error) {
    throw new Error(`${name}: the same call made properly failed: ${InterlockError.from(error).message}`);
  }
  try {
    await attack(loot);
    return { code: "OK", reason: "" };
  } catch (error) {
    const { code, reason = "" } = InterlockError.from(error);
    return { code, reason };
  }
}

/** Gets a token the way its owner does. */
export async function fetchToken(authority: string, ca: string, owner: Credentials): Promise<string> {
  const wanted = { audience: OperatorService.name, scopes: ["swarm:read", "swarm:submit"] };
  const { issueToken } = AuthorityService.methods;
  const call = { address: authority, ca, identity: owner, method: issueToken, request: wanted };
  return (await rawCall(call)).token;
}

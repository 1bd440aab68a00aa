import type { Clock } from "../base/clock.js";
import { InterlockError } from "../base/error.js";
import type { Log } from "../base/log.js";
import { createClient } from "../client/client.js";
import { type ConnectorOptions, createConnector } from "../client/connector.js";
import type { FederatedUse } from "../client/federated-use.js";
import { AuthorityService } from "../gen/interlock/authority/v1/authority_service_interlock.js";
import type { FederatedAccess } from "../membership.js";
import type { TokenSource } from "../token/token-source.js";
import { createAuthorityContact } from "../trust/authority-contact.js";
import { authorityAddresses } from "./authority-addresses.js";
import { createAuthorityTokens, noTokens } from "./authority-tokens.js";
import { createFederatedTrust, type FederatedTrust } from "./federated-trust.js";

/** What calls to other trust domains are made with: the parts of the own membership. */
export type CallFederatedOptions = Omit<ConnectorOptions, "tokens"> & { readonly clock: Clock; readonly log: Log };

/**
 * Opens what calls to a federated trust domain need: its trust, and tokens of its authority, which are bound to this bot's own
 * certificate. The connection to that authority is made with the first token.
 *
 * @throws InterlockError `INVALID_ARGUMENT` for a malformed address.
 */
export function callFederated(
  { trustDomain, authority }: FederatedUse,
  options: CallFederatedOptions,
): FederatedAccess {
  const { identity, clock, log } = options;
  const addresses = authorityAddresses(authority);
  const trust = createFederatedTrust(options.trust, trustDomain, clock);
  const connector = createConnector(AuthorityService, addresses, ["interlock/authority"], {
    ...options,
    trust,
    tokens: noTokens,
  });
  // It ends the connection of a bot that it does not believe, without a word: TLS knows no reasons.
  const own = identity.current().spiffeId.trustDomain;
  const question = `is it up, and does "interlock federation show ${own}" there name this bot?`;
  const contact = createAuthorityContact(addresses.join(","), clock, log, question);
  const asked = { authorities: addresses.length, identity, contact };
  const tokens = createAuthorityTokens(createClient(AuthorityService, connector), clock, asked);
  return {
    trust,
    tokens: {
      ...tokens,
      authorization: onlyWhileFederated(tokens, trust, trustDomain),
      close() {
        tokens.close?.();
        connector.close();
        trust.close();
      },
    },
  };
}

/** A token that is cached is of no use either once the domain is not federated any more. */
function onlyWhileFederated(
  tokens: TokenSource,
  trust: FederatedTrust,
  trustDomain: string,
): TokenSource["authorization"] {
  return (audience, scopes, identity) => {
    if (trust.domain) return tokens.authorization(audience, scopes, identity);
    throw new InterlockError(
      "FAILED_PRECONDITION",
      `The trust domain "${trustDomain}" is not federated here: an operator adds it with "interlock federation add ${trustDomain}".`,
    );
  };
}

import { isFederatedName, type SpiffeId } from "@interlock/policy";

/**
 * The name of the account that a bot's work is counted on, where a limit is for memory or for time: its SPIFFE ID. The bots of a
 * federated trust domain have one account together, since the domain can name any number of bots.
 */
export function accountOf({ name, trustDomain, uri }: SpiffeId): string {
  return isFederatedName(name) ? `spiffe://${trustDomain}` : uri;
}

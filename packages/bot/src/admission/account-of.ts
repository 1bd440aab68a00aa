import { isFederatedName, type SpiffeId } from "@interlock/policy";

/**
 * Whose account the work for a bot is on, where a limit is for memory or for time: its SPIFFE ID. The bots of a federated trust domain,
 * which names as many as it likes, have one together.
 */
export function accountOf({ name, trustDomain, uri }: SpiffeId): string {
  return isFederatedName(name) ? `spiffe://${trustDomain}` : uri;
}

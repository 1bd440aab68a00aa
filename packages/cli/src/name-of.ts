import { parseSpiffeId } from "@interlock/policy";

/** The trust domain of a SPIFFE ID; empty for a text that is none. */
export function trustDomainOf(uri: string): string {
  return parseSpiffeId(uri)?.trustDomain ?? "";
}

/**
 * The name in a SPIFFE ID; the text itself where it is none. With a trust domain, a bot of another one goes by its whole SPIFFE ID,
 * so that it is not taken for one of the fleet.
 */
export function nameOf(uri: string, trustDomain?: string): string {
  const id = parseSpiffeId(uri);
  return id && (trustDomain === undefined || id.trustDomain === trustDomain) ? id.name : uri;
}

import { parseSpiffeId } from "@interlock/policy";

/** The name in a SPIFFE ID; the text itself where it is none. */
export function nameOf(uri: string): string {
  return parseSpiffeId(uri)?.name ?? uri;
}

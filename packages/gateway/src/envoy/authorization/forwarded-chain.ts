import { certificatesFromPem } from "@interlock/bot/internal";

/** The longest header that is read, in characters; a chain of a fleet takes about 4,000. */
const maximumCharacters = 32_768;

/**
 * The certificates in an `x-forwarded-client-cert` header with `Chain`, DER, the leaf first; `undefined` where there are none, or
 * more than one element: then it was not written by Envoy alone.
 */
export function forwardedChain(header: string): Uint8Array[] | undefined {
  if (header.length > maximumCharacters) return undefined;
  const found = /^(?:[A-Za-z]+=(?:"[^",]*"|[^",;]*);)*Chain="([^",]*)"(?:;[A-Za-z]+=(?:"[^",]*"|[^",;]*))*$/.exec(
    header,
  );
  if (!found?.[1]) return undefined;
  try {
    return certificatesFromPem(decodeURIComponent(found[1]));
  } catch {
    return undefined; // It is no percent-encoding.
  }
}

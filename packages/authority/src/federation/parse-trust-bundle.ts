import { readBundleKeys } from "./read-bundle-keys.js";
import { maximumBundleBytes, maximumRefreshHintSeconds, maximumSequence, type TrustBundle } from "./trust-bundle.js";
import { unusableBundle } from "./unusable-bundle.js";

/** A bundle as it was read. */
export interface ReadBundle extends TrustBundle {
  /** What was left out, and why: a line for each key of a CA, 256 at most. They hold nothing of the document. */
  readonly ignored: readonly string[];
}

/**
 * Reads the bundle of a trust domain from a file of an operator (SPIFFE Trust Domain and Bundle, section 4). It has to have a CA.
 *
 * @param json - The document.
 * @param trustDomain - The trust domain to which it belongs. The document does not say.
 * @param now - The time at which the CAs have to be valid, in milliseconds since the epoch.
 * @throws InterlockError `INVALID_ARGUMENT` that says what is wrong with it.
 *
 * @example
 * ```ts
 * const { caCertificates } = parseTrustBundle(await readFile("partner.json", "utf8"), "partner.example");
 * ```
 */
export function parseTrustBundle(json: string, trustDomain: string, now = Date.now()): TrustBundle {
  const { ignored, ...bundle } = readTrustBundle(json, trustDomain, now);
  if (bundle.caCertificates.length > 0) return bundle;
  const [first = "it has no key for x509-svid"] = ignored;
  throw unusableBundle(
    `it has no CA certificate of ${trustDomain} that can be used (${first}): get the current bundle`,
  );
}

/**
 * Reads the bundle of a trust domain. Keys of other uses, and CA certificates that nothing could be accepted from, are left out.
 * So there may be none left: by the specification (section 4.1.3) the trust domain has then withdrawn all of them, and nothing of it
 * is to be trusted any more.
 *
 * @throws InterlockError `INVALID_ARGUMENT` for a text that is no bundle, or over the bounds of `trust-bundle.ts`.
 */
export function readTrustBundle(json: string, trustDomain: string, now: number): ReadBundle {
  if (Buffer.byteLength(json) > maximumBundleBytes)
    throw unusableBundle(`it has more than ${maximumBundleBytes} bytes`);
  const { keys, spiffe_sequence: sequence, spiffe_refresh_hint: hint } = objectIn(json);
  if (!Array.isArray(keys)) throw unusableBundle('it has no list "keys": is this a bundle of SPIFFE, as JSON?');
  const { caCertificates, ignored } = readBundleKeys(keys, trustDomain, now);
  return {
    caCertificates,
    ...(sequence !== undefined && { sequence: sequenceOf(sequence) }),
    // Only a hint: one that cannot be read is as good as none, and nobody waits longer than the longest one.
    ...(Number.isSafeInteger(hint) &&
      (hint as number) > 0 && { refreshHintSeconds: Math.min(hint as number, maximumRefreshHintSeconds) }),
    ignored,
  };
}

function objectIn(json: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw unusableBundle("it is no JSON"); // The parser's own words quote the document.
  }
  if (typeof value !== "object" || value === null) throw unusableBundle("it is no JSON object");
  return value as Readonly<Record<string, unknown>>;
}

// Numbers above 2^53 are rounded by the parser. Rounding keeps their order, so what looks older is older.
function sequenceOf(value: unknown): bigint {
  const sequence = Number.isInteger(value) ? BigInt(value as number) : -1n;
  if (sequence < 0n || sequence > maximumSequence) {
    throw unusableBundle("its spiffe_sequence is no integer from 0 to 9223372036854775807");
  }
  return sequence;
}

/** The identity of a bot: `spiffe://<trust-domain>/<name>` (SPIFFE ID specification, section 2). */
export interface SpiffeId {
  /** The trust domain in lower case, for example `cafe`. */
  readonly trustDomain: string;
  /** The path without its leading slash, for example `gripper/1`. */
  readonly name: string;
  /** The whole URI. */
  readonly uri: string;
}

const trustDomainForm = /^[a-z0-9._-]{1,255}$/;
const segmentForm = /^[a-zA-Z0-9._-]+$/;

/** Whether `text` is a well-formed trust domain. */
export function isTrustDomain(text: string): boolean {
  return trustDomainForm.test(text);
}

/** Whether `text` is a well-formed bot's name: segments of letters, digits, `.`, `-` and `_`, joined by `/`. */
export function isBotName(text: string): boolean {
  return text.length <= 1024 && text.split("/").every((s) => segmentForm.test(s) && s !== "." && s !== "..");
}

/**
 * Makes a SPIFFE ID from its parts.
 *
 * @throws TypeError that names the malformed part.
 */
export function spiffeId(trustDomain: string, name: string): SpiffeId {
  if (!isTrustDomain(trustDomain)) {
    throw new TypeError(`"${trustDomain}" is not a trust domain: use lower-case letters, digits, ".", "-" and "_"`);
  }
  if (!isBotName(name)) {
    throw new TypeError(
      `"${name}" is not a bot name: use segments of letters, digits, ".", "-" and "_", joined by "/"`,
    );
  }
  return { trustDomain, name, uri: `spiffe://${trustDomain}/${name}` };
}

/**
 * Parses a SPIFFE ID. Returns `undefined` for any other text, and for one without a path. The bounds of the parts keep
 * the whole below the 2,048 bytes that the specification allows.
 */
export function parseSpiffeId(uri: string): SpiffeId | undefined {
  if (!uri.startsWith("spiffe://")) return undefined;
  const slash = uri.indexOf("/", 9);
  if (slash < 0) return undefined;
  const trustDomain = uri.slice(9, slash);
  const name = uri.slice(slash + 1);
  return isTrustDomain(trustDomain) && isBotName(name) ? { trustDomain, name, uri } : undefined;
}

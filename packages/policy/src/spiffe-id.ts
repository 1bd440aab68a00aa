/** Who a bot is: `spiffe://<trust-domain>/<name>` (SPIFFE ID specification, section 2). */
export interface SpiffeId {
  /** For example `cafe`; lower case. */
  readonly trustDomain: string;
  /** The path without its leading slash, for example `gripper/1`. */
  readonly name: string;
  /** The whole URI. */
  readonly uri: string;
}

const trustDomainForm = /^[a-z0-9._-]{1,255}$/;
const segmentForm = /^[a-zA-Z0-9._-]+$/;

/** Whether `text` can be a trust domain. */
export function isTrustDomain(text: string): boolean {
  return trustDomainForm.test(text);
}

/** Whether `text` can be a bot's name: segments of letters, digits, `.`, `-` and `_`, joined by `/`. */
export function isBotName(text: string): boolean {
  return text.length <= 1024 && text.split("/").every((s) => segmentForm.test(s) && s !== "." && s !== "..");
}

/** Puts a SPIFFE ID together. Throws a `TypeError` that says which part is malformed. */
export function spiffeId(trustDomain: string, name: string): SpiffeId {
  if (!isTrustDomain(trustDomain)) {
    throw new TypeError(`"${trustDomain}" is no trust domain: use lower-case letters, digits, ".", "-" and "_"`);
  }
  if (!isBotName(name)) {
    throw new TypeError(`"${name}" is no bot name: use segments of letters, digits, ".", "-" and "_", joined by "/"`);
  }
  return { trustDomain, name, uri: `spiffe://${trustDomain}/${name}` };
}

/**
 * Reads a SPIFFE ID; `undefined` for anything that is not exactly one, or that has no path. Its parts are bounded, so
 * that the whole is well within the 2,048 bytes that the specification allows.
 */
export function parseSpiffeId(uri: string): SpiffeId | undefined {
  if (!uri.startsWith("spiffe://")) return undefined;
  const slash = uri.indexOf("/", 9);
  if (slash < 0) return undefined;
  const trustDomain = uri.slice(9, slash);
  const name = uri.slice(slash + 1);
  return isTrustDomain(trustDomain) && isBotName(name) ? { trustDomain, name, uri } : undefined;
}

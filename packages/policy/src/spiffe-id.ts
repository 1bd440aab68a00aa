/** The identity of a bot: `spiffe://<trust-domain>/<name>` (SPIFFE ID specification, section 2). */
export interface SpiffeId {
  /** For example `cafe`; lower case. */
  readonly trustDomain: string;
  /** The path without its leading slash, for example `gripper/1`. */
  readonly name: string;
  /** The whole URI. */
  readonly uri: string;
}

const scheme = "spiffe://";
/** The length of a SPIFFE ID that everyone supports (SPIFFE ID specification, section 2.3); all of it is ASCII. */
const maximumLength = 2_048;
/** The length of a name in the shortest trust domain, of one character. */
const maximumNameLength = maximumLength - `${scheme}x/`.length;

const trustDomainForm = /^[a-z0-9._-]{1,255}$/;
const segmentForm = /^[a-zA-Z0-9._-]+$/;

/** Whether `text` can be a trust domain. */
export function isTrustDomain(text: string): boolean {
  return trustDomainForm.test(text);
}

/** Whether `text` can be a bot's name: segments of letters, digits, `.`, `-` and `_`, joined by `/`. */
export function isBotName(text: string): boolean {
  return (
    text.length <= maximumNameLength && text.split("/").every((s) => segmentForm.test(s) && s !== "." && s !== "..")
  );
}

/** Makes a SPIFFE ID of its parts. Throws a `TypeError` that says which part is malformed, or that the whole is too long. */
export function spiffeId(trustDomain: string, name: string): SpiffeId {
  if (!isTrustDomain(trustDomain)) {
    throw new TypeError(`"${trustDomain}" is no trust domain: use lower-case letters, digits, ".", "-" and "_"`);
  }
  if (!isBotName(name)) {
    throw new TypeError(`"${name}" is no bot name: use segments of letters, digits, ".", "-" and "_", joined by "/"`);
  }
  const uri = `${scheme}${trustDomain}/${name}`;
  if (uri.length > maximumLength)
    throw new TypeError(`a SPIFFE ID has up to ${maximumLength} characters: use a shorter name`);
  return { trustDomain, name, uri };
}

/**
 * Reads a SPIFFE ID; `undefined` for anything that is not exactly one, or that has no path. It has up to 2,048 bytes, and
 * its trust domain up to 255.
 */
export function parseSpiffeId(uri: string): SpiffeId | undefined {
  if (!uri.startsWith(scheme) || uri.length > maximumLength) return undefined;
  const slash = uri.indexOf("/", scheme.length);
  if (slash < 0) return undefined;
  const trustDomain = uri.slice(scheme.length, slash);
  const name = uri.slice(slash + 1);
  return isTrustDomain(trustDomain) && isBotName(name) ? { trustDomain, name, uri } : undefined;
}

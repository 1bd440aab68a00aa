/** The identity of a bot: `spiffe://<trust-domain>/<name>` (SPIFFE ID specification, section 2). */
export interface SpiffeId {
  /** The trust domain in lower case, for example `cafe`. */
  readonly trustDomain: string;
  /**
   * The path without its leading slash, for example `gripper/1`. Of a bot of a federated trust domain, as servers and the
   * authority know it, the whole URI: so no two callers have the same name, and no pattern without a domain matches it.
   */
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

/** Whether `text` is a well-formed trust domain. */
export function isTrustDomain(text: string): boolean {
  return trustDomainForm.test(text);
}

/** Whether `text` is a well-formed bot's name: segments of letters, digits, `.`, `-` and `_`, joined by `/`. */
export function isBotName(text: string): boolean {
  return (
    text.length <= maximumNameLength && text.split("/").every((s) => segmentForm.test(s) && s !== "." && s !== "..")
  );
}

/**
 * Makes a SPIFFE ID from its parts.
 *
 * @throws TypeError that names the malformed part, or says that the whole is longer than 2,048 bytes.
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
  const uri = `${scheme}${trustDomain}/${name}`;
  if (uri.length > maximumLength)
    throw new TypeError(`a SPIFFE ID has up to ${maximumLength} characters: use a shorter name`);
  return { trustDomain, name, uri };
}

/**
 * Parses a SPIFFE ID of up to 2,048 bytes, with a trust domain of up to 255. Returns `undefined` for any other text, and for
 * one without a path.
 */
export function parseSpiffeId(uri: string): SpiffeId | undefined {
  if (!uri.startsWith(scheme) || uri.length > maximumLength) return undefined;
  const slash = uri.indexOf("/", scheme.length);
  if (slash < 0) return undefined;
  const trustDomain = uri.slice(scheme.length, slash);
  const name = uri.slice(slash + 1);
  return isTrustDomain(trustDomain) && isBotName(name) ? { trustDomain, name, uri } : undefined;
}

/**
 * The SPIFFE ID of a bot of another trust domain, as this fleet knows it: its name is the whole URI.
 *
 * @param id - The parsed SPIFFE ID.
 * @returns The same identity under that name.
 */
export function federatedId({ trustDomain, uri }: SpiffeId): SpiffeId {
  return { trustDomain, name: uri, uri };
}

/**
 * Whether a name is that of a bot of a federated trust domain; see {@link federatedId}.
 *
 * @param name - The name of a caller.
 * @returns True for a whole SPIFFE ID.
 */
export function isFederatedName(name: string): boolean {
  return name.startsWith(scheme);
}

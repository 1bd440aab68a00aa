import { isTrustDomain } from "./spiffe-id.js";

const segmentForm = /^[a-zA-Z0-9._-]+$/;

/** A pattern or a name in its trust domain: the fleet's own, which is not written, or a federated one, which is. */
interface Scoped {
  /** Absent for the fleet's own. */
  readonly trustDomain: string | undefined;
  readonly path: string;
}

const scheme = "spiffe://";

function scopedOf(text: string): Scoped {
  if (!text.startsWith(scheme)) return { trustDomain: undefined, path: text };
  const slash = text.indexOf("/", scheme.length);
  if (slash < 0) return { trustDomain: text.slice(scheme.length), path: "" };
  return { trustDomain: text.slice(scheme.length, slash), path: text.slice(slash + 1) };
}

/**
 * Whether `text` is a federated pattern: an identity pattern of another trust domain, written with `spiffe://` and that domain. No
 * name of the fleet's own matches it, and no pattern without a domain matches a bot of another one.
 *
 * @param text - The text to look at.
 * @param trustDomain - The trust domain that it has to be of. Default: any.
 * @returns True for such a pattern, and for a whole SPIFFE ID.
 *
 * @example
 * ```ts
 * isFederatedPattern("spiffe://partner.example/orders/*"); // true
 * isFederatedPattern("orders/*"); // false
 * ```
 */
export function isFederatedPattern(text: string, trustDomain?: string): boolean {
  const { trustDomain: domain, path } = scopedOf(text);
  if (domain === undefined || text.length > maximumPatternLength) return false;
  if (trustDomain !== undefined && domain !== trustDomain) return false;
  return isTrustDomain(domain) && isIdentityPattern(path);
}

/** The length of a SPIFFE ID that everyone supports (SPIFFE ID specification, section 2.3). */
const maximumPatternLength = 2_048;

/**
 * Whether `text` is an identity pattern: a bot's name in which any segment may be `*`, which matches exactly one
 * segment, and the last one may be `**`, which matches one or more.
 *
 * @param text - The text to look at.
 * @returns True for a pattern, and for a name without wildcards.
 *
 * @example
 * ```ts
 * isIdentityPattern("gripper/*"); // true
 * isIdentityPattern("gripper*"); // false
 * ```
 */
export function isIdentityPattern(text: string): boolean {
  const segments = text.split("/");
  return segments.every(
    (s, i) =>
      s === "*" || (s === "**" && i === segments.length - 1) || (segmentForm.test(s) && s !== "." && s !== ".."),
  );
}

/**
 * Whether a bot's name matches an identity pattern. A federated pattern (`spiffe://partner/…`) matches bots of that trust domain
 * only, whose name is their whole SPIFFE ID; any other pattern matches none of them, not even with `**`.
 *
 * @param pattern - The pattern.
 * @param name - The name, for example `gripper/1`.
 * @returns True when every segment matches, and the trust domain.
 *
 * @example
 * ```ts
 * matchesIdentity("gripper/*", "gripper/1"); // true
 * ```
 */
export function matchesIdentity(pattern: string, name: string): boolean {
  const [wants, has] = [scopedOf(pattern), scopedOf(name)];
  if (wants.trustDomain !== has.trustDomain) return false;
  const wanted = wants.path.split("/");
  const given = has.path.split("/");
  if (wanted.at(-1) === "**") {
    if (given.length < wanted.length) return false;
    wanted.pop();
  } else if (given.length !== wanted.length) {
    return false;
  }
  return wanted.every((segment, i) => segment === "*" || segment === given[i]);
}

/**
 * Whether every name that matches one identity pattern matches another one, too.
 *
 * @param broad - The pattern that may be wider.
 * @param narrow - The pattern or name that may be narrower.
 * @returns True when `broad` matches everything that `narrow` matches.
 *
 * @example
 * ```ts
 * coversIdentity("gripper/*", "gripper/1"); // true
 * ```
 */
export function coversIdentity(broad: string, narrow: string): boolean {
  const [one, other] = [scopedOf(broad), scopedOf(narrow)];
  if (one.trustDomain !== other.trustDomain) return false;
  const wanted = one.path.split("/");
  const given = other.path.split("/");
  const isDeep = wanted.at(-1) === "**";
  if (isDeep ? given.length < wanted.length : given.length !== wanted.length) return false;
  if (isDeep) wanted.pop();
  else if (given.at(-1) === "**") return false;
  return wanted.every((segment, i) => segment === "*" || segment === given[i]);
}

/**
 * Whether there can be a name that matches both of two identity patterns.
 *
 * @param one - A pattern or a name.
 * @param other - Another one.
 * @returns True when a name can match both.
 *
 * @example
 * ```ts
 * identitiesOverlap("gripper/*", "*\/1"); // true
 * ```
 */
export function identitiesOverlap(one: string, other: string): boolean {
  const [left, right] = [scopedOf(one), scopedOf(other)];
  if (left.trustDomain !== right.trustDomain) return false;
  const [a, b] = [left.path.split("/"), right.path.split("/")];
  const [aDeep, bDeep] = [a.at(-1) === "**", b.at(-1) === "**"];
  if (aDeep ? !bDeep && b.length < a.length : bDeep ? a.length < b.length : a.length !== b.length) return false;
  const shared = Math.min(aDeep ? a.length - 1 : a.length, bDeep ? b.length - 1 : b.length);
  return Array.from({ length: shared }, (_, i) => [a[i], b[i]]).every(([x, y]) => x === "*" || y === "*" || x === y);
}

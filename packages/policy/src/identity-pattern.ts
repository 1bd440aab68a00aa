const segmentForm = /^[a-zA-Z0-9._-]+$/;

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
 * Whether a bot's name matches an identity pattern.
 *
 * @param pattern - The pattern.
 * @param name - The name, for example `gripper/1`.
 * @returns True when every segment matches.
 *
 * @example
 * ```ts
 * matchesIdentity("gripper/*", "gripper/1"); // true
 * ```
 */
export function matchesIdentity(pattern: string, name: string): boolean {
  const wanted = pattern.split("/");
  const given = name.split("/");
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
  const wanted = broad.split("/");
  const given = narrow.split("/");
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
  const [a, b] = [one.split("/"), other.split("/")];
  const [aDeep, bDeep] = [a.at(-1) === "**", b.at(-1) === "**"];
  if (aDeep ? !bDeep && b.length < a.length : bDeep ? a.length < b.length : a.length !== b.length) return false;
  const shared = Math.min(aDeep ? a.length - 1 : a.length, bDeep ? b.length - 1 : b.length);
  return Array.from({ length: shared }, (_, i) => [a[i], b[i]]).every(([x, y]) => x === "*" || y === "*" || x === y);
}

const segmentForm = /^[a-zA-Z0-9._-]+$/;

/**
 * Whether `text` is an identity pattern: a bot's name in which any segment may be `*`, which matches exactly one
 * segment, and the last one may be `**`, which matches one or more.
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

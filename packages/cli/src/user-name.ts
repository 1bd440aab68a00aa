import { userInfo } from "node:os";
import { basename } from "node:path";

/**
 * The name of the user of this process, as a segment of a bot's name. A container may run under a number without an entry in
 * passwd; then it is that number: `uid-10001`.
 */
export function userName(): string {
  try {
    return segment(userInfo().username) || uid();
  } catch {
    return uid();
  }
}

/** Rewrites a text of this machine, such as its host name, as one segment of a bot's name. */
export function segment(text: string): string {
  const rewritten = text.toLowerCase().replace(/[^a-z0-9._-]/g, "-");
  return /^\.*$/.test(rewritten) ? "" : rewritten;
}

/**
 * The name of a fleet whose folder is `folder`, as a trust domain: its last part, in lower case, without dots in front. `/`
 * and a folder named by dots give `fleet`.
 */
export function fleetName(folder: string): string {
  return segment(basename(folder)).replace(/^\.+/, "") || "fleet";
}

function uid(): string {
  return `uid-${process.getuid?.() ?? 0}`;
}

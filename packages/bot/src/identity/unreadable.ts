import { lstatSync } from "node:fs";
import { dirname } from "node:path";
import { InterlockError } from "../base/error.js";

/** The codes with which a system refuses this process, and no other, a file. */
const denied: readonly unknown[] = ["EACCES", "EPERM"];

/**
 * The error for a file that exists and cannot be read; `undefined` for one that does not exist.
 *
 * @param path - The file.
 * @param thrown - What the file system said.
 */
export function unreadable(path: string, thrown: unknown): InterlockError | undefined {
  const { code } = thrown as NodeJS.ErrnoException;
  if (code === "ENOENT") return undefined;
  const text = `${path} cannot be read (${code ?? String(thrown)}).`;
  return notPermitted(path, thrown) ?? new InterlockError("FAILED_PRECONDITION", text, { cause: thrown });
}

/** The error for a file that belongs to another user, with its owner and what to do; `undefined` for another fault. */
export function notPermitted(path: string, thrown: unknown): InterlockError | undefined {
  if (!denied.includes((thrown as NodeJS.ErrnoException).code)) return undefined;
  const owner = ownerOf(path);
  const self = process.getuid?.();
  if (!owner || self === undefined) return undefined;
  const remedy =
    owner.uid === self
      ? `Give it back to its owner: chmod -R u+rwX ${owner.path}.`
      : `Run this as that user, or change the owner: chown -R ${self} ${owner.path}.`;
  const text = `${owner.path} belongs to user ${owner.uid}, and this process, of user ${self}, may not use it. ${remedy}`;
  return new InterlockError("FAILED_PRECONDITION", text, { cause: thrown });
}

/** The owner of a path, or of the folder above it that hides it. */
function ownerOf(path: string): { readonly path: string; readonly uid: number } | undefined {
  try {
    return { path, uid: lstatSync(path).uid };
  } catch {
    const above = dirname(path);
    return above === path ? undefined : ownerOf(above);
  }
}

import { denial } from "../base/error.js";
import type { Attempt } from "./attempt.js";

type Shown = Pick<Attempt, "authorization" | "references">;

/**
 * The one value that a call shows its token by: the `authorization` value, or the reference to one that was shown before.
 *
 * @throws `TOKEN_MISSING` or `TOKEN_DUPLICATED`.
 */
export function shownToken({ authorization, references }: Shown): string {
  const shown = references[0] ?? authorization[0];
  if (shown === undefined) throw denial("TOKEN_MISSING");
  if (references.length + authorization.length > 1) throw denial("TOKEN_DUPLICATED");
  return shown;
}

/** Whether a call shows a token or a reference to one, sound or not. */
export function showsToken({ authorization, references }: Shown): boolean {
  return authorization.length > 0 || references.length > 0;
}

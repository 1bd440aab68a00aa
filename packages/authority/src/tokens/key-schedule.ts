import type { SigningKeyRow } from "../store/schema.js";

/** Where a token key stands: published and not signing yet, signing, or published for the tokens it has signed. */
export type KeyState = "prepared" | "signing" | "retiring";

/** The key that signs at a time: of those whose time has come the newest. `rows` are the newest first. */
export function signingKey(rows: readonly SigningKeyRow[], now: number): SigningKeyRow | undefined {
  return rows.find(({ signsFrom }) => signsFrom <= now) ?? rows.at(-1);
}

/** Where a key stands at a time. */
export function keyState(key: SigningKeyRow, rows: readonly SigningKeyRow[], now: number): KeyState {
  if (key.kid === signingKey(rows, now)?.kid) return "signing";
  return key.signsFrom > now ? "prepared" : "retiring";
}

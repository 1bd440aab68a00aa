import type { SigningKeyRow } from "../store/schema.js";

/** The state of a token key: published but not signing, signing, or only published for the tokens that it signed. */
export type KeyState = "prepared" | "signing" | "retiring";

/** Returns the key that signs at a time: the newest whose time has come. `rows` are the newest first. */
export function signingKey(rows: readonly SigningKeyRow[], now: number): SigningKeyRow | undefined {
  return rows.find(({ signsFrom }) => signsFrom <= now) ?? rows.at(-1);
}

/** Returns the state of a key at a time. */
export function keyState(key: SigningKeyRow, rows: readonly SigningKeyRow[], now: number): KeyState {
  if (key.kid === signingKey(rows, now)?.kid) return "signing";
  return key.signsFrom > now ? "prepared" : "retiring";
}

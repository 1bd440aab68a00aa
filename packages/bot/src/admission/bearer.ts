import type { VerifiedToken } from "../token/verify-token.js";
import type { TrustState } from "../trust/trust.js";
import type { Caller } from "./caller.js";

/** A verified token with the caller that it names. */
export interface Bearer {
  /** The `authorization` value that it came in; later calls may show it again. */
  readonly authorization: string;
  /** The reference to it, which later calls may show instead. */
  readonly reference: string;
  readonly token: VerifiedToken;
  readonly caller: Caller;
  /** The trust with which the token was last compared and found good. */
  clearedBy: TrustState | undefined;
}

import type { VerifiedToken } from "../token/verify-token.js";
import type { TrustState } from "../trust/trust.js";
import type { Caller } from "./caller.js";

/** A verified token, and the caller that it makes of a connection's peer. */
export interface Bearer {
  /** The `authorization` value that it came in, and the reference to it: what later calls may show. */
  readonly authorization: string;
  readonly reference: string;
  readonly token: VerifiedToken;
  readonly caller: Caller;
  /** The trust that the token was last held against, and found good. */
  clearedBy: TrustState | undefined;
}

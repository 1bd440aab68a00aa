import type { Caller } from "../context.js";
import type { VerifiedToken } from "./verify-token.js";

/** A verified token, and the caller that it makes of a connection's peer. */
export interface Bearer {
  readonly token: VerifiedToken;
  readonly caller: Caller;
}

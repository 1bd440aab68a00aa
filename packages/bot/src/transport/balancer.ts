import type { connectivityState } from "@grpc/grpc-js";
import type { Link } from "./link.js";

/** Keeps the connections of a channel, and chooses one for each call. */
export interface Balancer {
  readonly state: connectivityState;
  /** Why there is no connection, in the words of grpc-js; for calls that fail in TRANSIENT_FAILURE. */
  readonly problem: string;
  /** A connection that takes a call now, if there is one. */
  pick(): Link | undefined;
  /** Makes the connections that calls wait for: the first one, or another one. */
  connect(): void;
  /** Takes no more calls, and ends the connections once those under way have ended. */
  close(): void;
}

/** Called when the state has changed, or there may be room for more calls. */
export type OnChange = () => void;

/** What a call that no server has answered is told, in the words of grpc-js, which `base/error.ts` reads. */
export function noConnection(error: Error | undefined): string {
  return `No connection established. Last error: ${error?.message ?? null}. Resolution note: `;
}

/** What a call is told whose target has no address. */
export function noName(target: string, error: NodeJS.ErrnoException): string {
  return `Name resolution failed for target ${target} (${error.message})`;
}

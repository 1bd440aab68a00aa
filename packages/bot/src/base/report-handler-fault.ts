import { experimental, logVerbosity } from "@grpc/grpc-js";
import { printable } from "./printable.js";

/** The characters that are kept of what was thrown. */
const maximumLength = 300;

/**
 * Tells that a connection to `peer` has ended, and the calls on it, because something in this process has thrown. It goes where
 * the transport of grpc-js reports its problems: to the log of a bot that serves, otherwise to standard error.
 */
export function reportHandlerFault(peer: string, thrown: unknown): void {
  const what = thrown instanceof Error ? (thrown.stack ?? String(thrown)) : String(thrown);
  const text = printable(what, { maximumLength });
  experimental.log(logVerbosity.ERROR, `a connection to ${peer} ended by a fault of this client: ${text}`);
}

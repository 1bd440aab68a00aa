import { status } from "@grpc/grpc-js";
import type { MessageFault } from "@interlock/wire";
import { type LocalStatus, statusOfFault } from "./local-status.js";
import type { ResponseBlock } from "./response-block.js";

/**
 * The status of a call that has ended with trailers.
 *
 * @param head - The head of the response, unless the trailers are all of it.
 * @param fault - What is wrong with the messages: one may have been cut off, which the server may know a reason for.
 */
export function statusOfTrailers(
  trailers: ResponseBlock,
  head: ResponseBlock | undefined,
  fault: MessageFault | undefined,
): LocalStatus {
  const { status: code, message } = trailers;
  if (code === undefined) return head?.fault ?? trailers.fault ?? unsaid;
  return code === status.OK && fault ? statusOfFault(fault, 0) : { code, details: message };
}

const unsaid: LocalStatus = { code: status.UNKNOWN, details: "No status information received" };

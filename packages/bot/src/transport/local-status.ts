import { status } from "@grpc/grpc-js";
import type { EncodingFault, MessageFault } from "@interlock/wire";

/** A code and what a caller is told. */
export interface LocalStatus {
  readonly code: status;
  readonly details: string;
}

/** The status of a call whose messages are not in order. */
export function statusOfFault(fault: MessageFault, maximumBytes: number): LocalStatus {
  if (fault.kind === "bad-flag") return internal(`Received a message with the compressed flag ${fault.flag}`);
  if (fault.kind === "cut-off") return internal("Received a message that was cut off by the end of the stream");
  return tooLarge(`Received message larger than max (${fault.length} vs ${maximumBytes})`);
}

/** The status of a call with a message that cannot be decompressed. */
export function statusOfEncoding(fault: EncodingFault, encoding: string, maximumBytes: number): LocalStatus {
  if (fault === "too-large") {
    return tooLarge(`Received message that decompresses to a size larger than ${maximumBytes}`);
  }
  if (fault === "not-declared") {
    return internal('Received compressed message but "grpc-encoding" header was identity');
  }
  if (fault === "unknown-encoding") {
    return internal(`Received message compressed with unsupported encoding ${JSON.stringify(encoding.slice(0, 40))}`);
  }
  return internal(`Failed to decompress ${encoding}-encoded message: ${fault}`);
}

/** The status of a call whose deadline has passed. `where` says what it was waiting for. */
export function overdue(startedAt: number, where: string): LocalStatus {
  const seconds = ((Date.now() - startedAt) / 1_000).toFixed(3);
  return { code: status.DEADLINE_EXCEEDED, details: `Deadline exceeded after ${seconds}s,${where}` };
}

/** The status of a call with a message that must not be sent. */
export function tooLargeToSend(bytes: number, maximumBytes: number): LocalStatus {
  return tooLarge(`Attempted to send message with a size larger than ${maximumBytes} (${bytes})`);
}

function internal(details: string): LocalStatus {
  return { code: status.INTERNAL, details };
}

function tooLarge(details: string): LocalStatus {
  return { code: status.RESOURCE_EXHAUSTED, details };
}

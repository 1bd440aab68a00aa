import type { HeaderList } from "@interlock/wire";
import type { CallStatus } from "./call-status.js";

/** Writes the answer to a request: in one piece, or as a stream. Nothing is written after its end. */
export interface Answer {
  /** Takes the header list before the messages. */
  head(headers: HeaderList): void;
  /** Takes a message. False where it waits: `onRoom` follows. */
  message(bytes: Buffer): boolean;
  /** Takes the status; with metadata, where there is some. */
  end(status: CallStatus, trailers: HeaderList): void;
}

/** An answer is compressed from this many bytes on. */
export const leastPackedBytes = 1_024;

/** The longest message of an answer, as at every bot. */
export const maximumAnswerBytes = 4 * 1_024 * 1_024;

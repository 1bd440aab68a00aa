import { ConnectionError, errorCode } from "./error-code.js";
import { flag } from "./kinds.js";

/** A frame that has come. Its payload is the part `from` to `to` of `bytes`. It is valid during one call only. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
}

/** Whether a frame has a flag. */
export function has({ flags }: Frame, bit: number): boolean {
  return (flags & bit) !== 0;
}

/**
 * Where the content of a frame begins, behind the length of its padding (RFC 9113, section 6.1).
 *
 * @throws A `ConnectionError` where the padding is longer than the payload.
 */
export function startOf(frame: Frame): number {
  if (!has(frame, flag.padded)) return frame.from;
  if (frame.from + 1 > stopOf(frame)) throw new ConnectionError(errorCode.protocolError, "more padding than payload");
  return frame.from + 1;
}

/** Where the content of a frame ends, before its padding. */
export function stopOf(frame: Frame): number {
  const { bytes, from, to } = frame;
  return has(frame, flag.padded) && from < to ? to - (bytes[from] as number) : to;
}

import { ConnectionError, errorCode } from "../frame/error-code.js";
import { type Frame, has, startOf, stopOf } from "../frame/frame.js";
import { flag, maximumInteger } from "../frame/kinds.js";
import type { Session } from "../session/session.js";
import { receiveBlock } from "./block.js";

const priorityBytes = 5;

/** HEADERS (RFC 9113, section 6.2). */
export function receiveHeaders(session: Session, frame: Frame): void {
  const { streamId, flags, bytes } = frame;
  if (streamId === 0) throw new ConnectionError(errorCode.protocolError, "HEADERS of no stream");
  const start = has(frame, flag.priority) ? startOf(frame) + priorityBytes : startOf(frame);
  const stop = stopOf(frame);
  if (start > stop) throw new ConnectionError(errorCode.frameSizeError, "HEADERS without its priority");
  if (has(frame, flag.priority) && (bytes.readUInt32BE(start - priorityBytes) & maximumInteger) === streamId) {
    throw new ConnectionError(errorCode.protocolError, "a stream that depends on itself");
  }
  if (has(frame, flag.endHeaders)) {
    receiveBlock(session, streamId, has(frame, flag.endStream), bytes, start, stop);
    return;
  }
  const { block, patience } = session;
  block.begin(streamId, flags);
  block.add(bytes, start, stop);
  patience.start();
}

/** CONTINUATION (RFC 9113, section 6.10). That no other frame comes in between has been looked at. */
export function receiveContinuation(session: Session, frame: Frame): void {
  const { block, patience } = session;
  if (block.streamId === 0) throw new ConnectionError(errorCode.protocolError, "CONTINUATION without HEADERS");
  block.add(frame.bytes, frame.from, frame.to);
  if (!has(frame, flag.endHeaders)) return;
  patience.stop();
  const end = (block.flags & flag.endStream) !== 0;
  const whole = block.end();
  receiveBlock(session, frame.streamId, end, whole, 0, whole.length);
}

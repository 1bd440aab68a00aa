import { ConnectionError, errorCode } from "../frame/error-code.js";
import { type Frame, has } from "../frame/frame.js";
import { flag, frameType } from "../frame/kinds.js";
import type { Session } from "../session/session.js";

/** PING (RFC 9113, section 6.7). */
export function receivePing({ floods, sender, pings }: Session, frame: Frame): void {
  const { streamId, bytes, from, to } = frame;
  if (streamId !== 0) throw new ConnectionError(errorCode.protocolError, "PING of a stream");
  if (to - from !== 8) throw new ConnectionError(errorCode.frameSizeError, "the length of PING");
  floods.control();
  if (has(frame, flag.ack)) pings.answer(bytes, from);
  else sender.frames.frame(frameType.ping, flag.ack, 0, bytes, from, to);
}

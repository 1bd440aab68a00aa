import { ConnectionError, errorCode } from "../frame/error-code.js";
import type { Frame } from "../frame/frame.js";
import { maximumInteger } from "../frame/kinds.js";
import type { Session } from "../session/session.js";

/** WINDOW_UPDATE (RFC 9113, section 6.9). */
export function receiveWindowUpdate(session: Session, { streamId, bytes, from, to }: Frame): void {
  if (to - from !== 4) throw new ConnectionError(errorCode.frameSizeError, "the length of WINDOW_UPDATE");
  session.floods.control();
  const increment = bytes.readUInt32BE(from) & maximumInteger;
  if (streamId === 0) openConnection(session, increment);
  else openStream(session, streamId, increment);
}

function openConnection({ sender }: Session, increment: number): void {
  if (increment === 0) throw new ConnectionError(errorCode.protocolError, "WINDOW_UPDATE of 0");
  if (!sender.window.add(increment)) throw new ConnectionError(errorCode.flowControlError, "the window is too large");
  sender.pump();
}

function openStream({ sender, streams }: Session, id: number, increment: number): void {
  const stream = streams.get(id);
  if (!stream) {
    if (streams.ids.isIdle(id)) throw new ConnectionError(errorCode.protocolError, "WINDOW_UPDATE of an idle stream");
  } else if (increment === 0) streams.fault(stream, errorCode.protocolError);
  else if (!stream.sendWindow.add(increment)) streams.fault(stream, errorCode.flowControlError);
  else if (stream.queuedBytes > 0) {
    sender.opened(stream);
    sender.pump();
  }
}

import { ConnectionError, errorCode } from "../frame/error-code.js";
import { type Frame, has, startOf, stopOf } from "../frame/frame.js";
import { flag, frameType } from "../frame/kinds.js";
import { bounds } from "../limits/limits.js";
import type { Session } from "../session/session.js";
import type { Stream } from "../stream/stream.js";

/** DATA (RFC 9113, section 6.1). */
export function receiveData(session: Session, frame: Frame): void {
  const { streams, floods } = session;
  const { streamId, bytes, from, to } = frame;
  if (streamId === 0) throw new ConnectionError(errorCode.protocolError, "DATA of no stream");
  takeFromConnection(session, to - from);
  const start = startOf(frame);
  const stop = stopOf(frame);
  const end = has(frame, flag.endStream);
  if (stop > start) floods.content();
  else if (!end) floods.control(bounds.controlFramesOfContent);
  const stream = streams.get(streamId);
  if (!stream) {
    receiveDataOfNone(session, streamId, end);
    return;
  }
  const fault = faultOf(stream, to - from, stop - start, end);
  if (fault !== undefined) {
    streams.fault(stream, fault);
    return;
  }
  if (stop - start < to - from) stream.consumed(to - from - (stop - start));
  if (end) streams.remoteEnded(stream);
  stream.handler.onData(bytes.subarray(start, stop), end);
}

/** Padding counts. The window is given back on receipt: what a stream holds is bounded by its own. */
function takeFromConnection({ window, sender }: Session, bytes: number): void {
  if (!window.take(bytes)) throw new ConnectionError(errorCode.flowControlError, "the window of the connection");
  const increment = window.release(bytes);
  if (increment > 0) sender.frames.numbers(frameType.windowUpdate, 0, 0, increment);
}

function faultOf(stream: Stream, bytes: number, content: number, end: boolean): number | undefined {
  if (stream.remoteEnded) return errorCode.streamClosed;
  if (!stream.receiveWindow.take(bytes)) return errorCode.flowControlError;
  if (!stream.headed) return errorCode.protocolError;
  if (stream.contentLeft < 0) return undefined;
  stream.contentLeft -= content;
  if (stream.contentLeft < 0 || (end && stream.contentLeft > 0)) return errorCode.protocolError;
  return undefined;
}

function receiveDataOfNone({ streams, sender, floods, isServer }: Session, id: number, end: boolean): void {
  if (streams.ids.isIdle(id)) throw new ConnectionError(errorCode.protocolError, "DATA of an idle stream");
  if (streams.recentlyReset.has(id)) {
    if (end) streams.recentlyReset.delete(id);
    return;
  }
  if (isServer) floods.reset();
  else floods.control();
  sender.frames.numbers(frameType.rstStream, 0, id, errorCode.streamClosed);
}

import { ConnectionError, errorCode } from "../frame/error-code.js";
import type { Frame } from "../frame/frame.js";
import type { Session } from "../session/session.js";

/** RST_STREAM (RFC 9113, section 6.4). */
export function receiveRstStream({ streams, floods, isServer }: Session, { streamId, bytes, from, to }: Frame): void {
  if (to - from !== 4) throw new ConnectionError(errorCode.frameSizeError, "the length of RST_STREAM");
  if (streamId === 0 || streams.ids.isIdle(streamId)) {
    throw new ConnectionError(errorCode.protocolError, "RST_STREAM of no stream");
  }
  streams.recentlyReset.delete(streamId);
  const stream = streams.get(streamId);
  if (!stream) {
    floods.control();
    return;
  }
  // A server has worked for nothing, unless its answer was complete. The streams of a client are of its own making.
  if (isServer && stream.endGiven) floods.control();
  else if (isServer) floods.reset();
  const code = bytes.readUInt32BE(from);
  streams.lose(stream, { code, cause: "peer", unprocessed: code === errorCode.refusedStream });
}

import { ConnectionError, errorCode } from "../frame/error-code.js";
import type { Frame } from "../frame/frame.js";
import { maximumInteger } from "../frame/kinds.js";
import type { Session } from "../session/session.js";

/** PRIORITY (RFC 9113, section 6.3), which is checked and ignored. */
export function receivePriority({ floods, streams }: Session, { streamId, bytes, from, to }: Frame): void {
  if (streamId === 0) throw new ConnectionError(errorCode.protocolError, "PRIORITY of no stream");
  floods.control();
  const stream = streams.get(streamId);
  if (to - from !== 5) {
    if (!stream) throw new ConnectionError(errorCode.frameSizeError, "the length of PRIORITY");
    streams.fault(stream, errorCode.frameSizeError);
  } else if ((bytes.readUInt32BE(from) & maximumInteger) === streamId) {
    if (!stream) throw new ConnectionError(errorCode.protocolError, "a stream that depends on itself");
    streams.fault(stream, errorCode.protocolError);
  }
}

import { ConnectionError, errorCode } from "../frame/error-code.js";
import type { Frame } from "../frame/frame.js";
import { maximumInteger } from "../frame/kinds.js";
import { bounds } from "../limits/limits.js";
import type { Session } from "../session/session.js";

/** GOAWAY (RFC 9113, section 6.8). */
export function receiveGoAway(session: Session, { streamId, bytes, from, to }: Frame): void {
  const { floods, ending, streams, isServer } = session;
  if (streamId !== 0) throw new ConnectionError(errorCode.protocolError, "GOAWAY of a stream");
  if (to - from < 8) throw new ConnectionError(errorCode.frameSizeError, "the length of GOAWAY");
  floods.control();
  const lastId = bytes.readUInt32BE(from) & maximumInteger;
  const code = bytes.readUInt32BE(from + 4);
  const text = bytes.toString("utf8", from + 8, Math.min(to, from + 8 + bounds.goAwayTextBytes));
  ending.peerCloses(code, text);
  session.capacityChanged();
  // The other end has not looked at what is above its last id. The streams of a server are not meant.
  const refused = { code: errorCode.refusedStream, cause: "peer", unprocessed: true } as const;
  const failed = isServer ? undefined : streams.loseAbove(lastId, refused);
  ending.ifDone();
  if (failed) throw failed.thrown;
}

import { ConnectionError, errorCode } from "../frame/error-code.js";
import { contentLengthOf, type HeaderRole, isInformational, isMalformed } from "../headers/header-rules.js";
import type { DecodedBlock } from "../hpack/decoder.js";
import type { Session } from "../session/session.js";
import { nobody, type Stream } from "../stream/stream.js";

/** A header block that is whole. */
export function receiveBlock(
  session: Session,
  id: number,
  end: boolean,
  bytes: Buffer,
  from: number,
  to: number,
): void {
  // Each block changes the table, whatever becomes of its stream.
  const decoded = session.decoder.decode(bytes, from, to);
  const block = decoded === "too-large" ? undefined : decoded;
  const { streams } = session;
  const stream = streams.get(id);
  if (stream) receiveMore(session, stream, block, end);
  else if (session.isServer && streams.ids.isOfPeer(id) && streams.ids.isIdle(id))
    receiveRequest(session, id, block, end);
  else receiveBlockOfNone(session, id, end);
}

function receiveRequest(session: Session, id: number, block: DecodedBlock | undefined, end: boolean): void {
  const { streams, handler, limits } = session;
  streams.ids.lastOfPeer = id;
  if (id > streams.lastServedId || streams.size >= limits.concurrentStreams) {
    streams.refuse(id, end);
    return;
  }
  const stream = streams.add(id, nobody);
  stream.headed = true;
  if (block && !isSound(stream, block, "request", end)) {
    streams.fault(stream, errorCode.protocolError);
    return;
  }
  if (end) streams.remoteEnded(stream);
  session.turns.begin();
  const taker = (handler as Required<typeof handler>).onStream(stream, block, end);
  if (!stream.lost) {
    if (!stream.resetQueued) stream.handler = taker;
  } else if (stream.handler === nobody) taker.onReset(stream.lost); // It was lost before its handler was known.
}

function receiveMore(session: Session, stream: Stream, block: DecodedBlock | undefined, end: boolean): void {
  const { streams, floods } = session;
  const role = stream.headed ? "trailers" : "response";
  const fault = faultOf(stream, block, role, end);
  if (fault !== undefined || !block) {
    streams.fault(stream, fault ?? errorCode.internalError);
    return;
  }
  if (role === "response" && isInformational(block.headers)) {
    floods.control();
    stream.handler.onInterim?.(block);
    return;
  }
  stream.headed = true;
  if (end) streams.remoteEnded(stream);
  stream.handler.onHeaders(block, end);
}

function faultOf(stream: Stream, block: DecodedBlock | undefined, role: HeaderRole, end: boolean): number | undefined {
  if (stream.remoteEnded) return errorCode.streamClosed;
  if (!block) return errorCode.enhanceYourCalm;
  if (role === "trailers" && !end) return errorCode.protocolError;
  if (!isSound(stream, block, role, end)) return errorCode.protocolError;
  if (role === "response" && end && isInformational(block.headers)) return errorCode.protocolError;
  return undefined;
}

/** Whether a header list is well-formed, and ends a stream only where all its content has come. */
function isSound(stream: Stream, block: DecodedBlock, role: HeaderRole, end: boolean): boolean {
  if (block.soundAs !== role) {
    if (isMalformed(block.headers, role)) return false;
    block.soundAs = role;
  }
  if (role !== "trailers") {
    const length = contentLengthOf(block.headers);
    if (length === undefined) return false;
    stream.contentLeft = length;
  }
  // A response may say how long the content would be, and have none: RFC 9110, section 8.6.
  return !end || stream.contentLeft <= 0 || role === "response";
}

function receiveBlockOfNone({ streams, floods, isServer }: Session, id: number, end: boolean): void {
  if ((id & 1) === 0 || streams.ids.isIdle(id)) {
    throw new ConnectionError(errorCode.protocolError, "HEADERS of a stream that cannot be");
  }
  if (streams.recentlyReset.has(id)) {
    if (end) streams.recentlyReset.delete(id);
    return;
  }
  if (isServer) throw new ConnectionError(errorCode.streamClosed, "HEADERS of a closed stream");
  // A client may have reset more streams than are remembered.
  floods.control();
}

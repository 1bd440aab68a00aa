import { ConnectionError, errorCode } from "../frame/error-code.js";
import { type Frame, has } from "../frame/frame.js";
import { flag, frameType } from "../frame/kinds.js";
import type { Session } from "../session/session.js";
import { receiveData } from "./data.js";
import { receiveGoAway } from "./goaway.js";
import { receiveContinuation, receiveHeaders } from "./headers.js";
import { receivePing } from "./ping.js";
import { receivePriority } from "./priority.js";
import { receiveRstStream } from "./rst-stream.js";
import { receiveSettings } from "./settings.js";
import { receiveWindowUpdate } from "./window-update.js";

type Receive = (session: Session, frame: Frame) => void;

/** What takes each type of frame. */
const receivers: Readonly<Record<number, Receive>> = {
  [frameType.data]: receiveData,
  [frameType.headers]: receiveHeaders,
  [frameType.priority]: receivePriority,
  [frameType.rstStream]: receiveRstStream,
  [frameType.settings]: receiveSettings,
  [frameType.pushPromise]: refusePush,
  [frameType.ping]: receivePing,
  [frameType.goaway]: receiveGoAway,
  [frameType.windowUpdate]: receiveWindowUpdate,
  [frameType.continuation]: receiveContinuation,
};

/**
 * Takes a frame of the other end.
 *
 * @throws A `ConnectionError` for what ends the connection; and whatever a handler throws.
 */
export function receiveFrame(session: Session, frame: Frame): void {
  const { type, streamId } = frame;
  const { block } = session;
  if (block.streamId !== 0 && (type !== frameType.continuation || streamId !== block.streamId)) {
    throw new ConnectionError(errorCode.protocolError, "a frame within a header block");
  }
  if (!session.settled && (type !== frameType.settings || has(frame, flag.ack))) {
    throw new ConnectionError(errorCode.protocolError, "the first frame is not SETTINGS");
  }
  const receive = receivers[type] ?? ignoreUnknown;
  receive(session, frame);
}

function refusePush(): void {
  throw new ConnectionError(errorCode.protocolError, "a push");
}

/** Frames of unknown types are extensions (RFC 9113, section 5.5). */
function ignoreUnknown({ floods }: Session): void {
  floods.control();
}

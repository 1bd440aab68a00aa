import { ConnectionError, errorCode } from "../frame/error-code.js";
import { type Frame, has } from "../frame/frame.js";
import { flag, frameType, initial, maximumInteger, setting } from "../frame/kinds.js";
import { bounds } from "../limits/limits.js";
import type { Session } from "../session/session.js";

/** The length of one setting: an id of 2 bytes, and a value of 4. */
const settingBytes = 6;

/** SETTINGS (RFC 9113, section 6.5). */
export function receiveSettings(session: Session, frame: Frame): void {
  const { streamId, from, to } = frame;
  const { floods, streams, sender } = session;
  if (streamId !== 0) throw new ConnectionError(errorCode.protocolError, "SETTINGS of a stream");
  const isAck = has(frame, flag.ack);
  if ((to - from) % settingBytes !== 0 || (isAck && to > from)) {
    throw new ConnectionError(errorCode.frameSizeError, "the length of SETTINGS");
  }
  if (isAck) {
    floods.control();
    streams.receiveSlack = 0;
    return;
  }
  floods.control(bounds.settingsCost + (to - from) / settingBytes);
  if (!session.settled) settle(session);
  apply(session, frame);
  sender.frames.numbers(frameType.settings, flag.ack, 0);
  sender.pump();
  session.capacityChanged();
}

/** A setting that does not come with the first SETTINGS has its initial value: no bound on streams. */
function settle(session: Session): void {
  session.settled = true;
  session.peerStreams = maximumInteger;
  session.patience.stop();
}

function apply(session: Session, { bytes, from, to }: Frame): void {
  // The windows of all streams change once, whatever comes in between.
  let windowBytes: number | undefined;
  for (let at = from; at < to; at += settingBytes) {
    const id = bytes.readUInt16BE(at);
    const value = bytes.readUInt32BE(at + 2);
    checkSetting(session, id, value);
    if (id === setting.headerTableSize) session.sender.frames.setTableSize(value);
    else if (id === setting.maxConcurrentStreams) session.peerStreams = value;
    else if (id === setting.maxHeaderListSize) session.peerHeaderListBytes = value;
    else if (id === setting.initialWindowSize) windowBytes = value;
  }
  if (windowBytes !== undefined && !session.streams.setSendWindow(windowBytes)) {
    throw new ConnectionError(errorCode.flowControlError, "the window of a stream");
  }
}

/** The values that RFC 9113, section 6.5.2, forbids. */
function checkSetting({ isServer }: Session, id: number, value: number): void {
  if (id === setting.initialWindowSize && value > maximumInteger) {
    throw new ConnectionError(errorCode.flowControlError, "the initial window");
  }
  if (id === setting.maxFrameSize && (value < initial.frameBytes || value > 2 ** 24 - 1)) {
    throw new ConnectionError(errorCode.protocolError, "the frame size");
  }
  if (id === setting.enablePush && (value > 1 || (value === 1 && !isServer))) {
    throw new ConnectionError(errorCode.protocolError, "ENABLE_PUSH");
  }
}

import type { Duplex } from "node:stream";
import { ConnectionError, errorCode } from "../frame/error-code.js";
import { frameType, initial, preface, setting } from "../frame/kinds.js";
import type { HeaderList } from "../header-list.js";
import { HeaderBlock } from "../headers/header-block.js";
import { createDecoder } from "../hpack/decoder.js";
import { Floods } from "../limits/floods.js";
import { ReceiveWindow } from "../limits/flow-control.js";
import { bounds, type Limits } from "../limits/limits.js";
import { Sender, type SenderObserver } from "../send/sender.js";
import type { Stream, StreamHandler } from "../stream/stream.js";
import type { ConnectionHandler } from "./connection-handler.js";
import { Ending, type EndingOwner, handlerFailed } from "./ending.js";
import { Patience } from "./patience.js";
import { Pings } from "./pings.js";
import { Streams, type StreamsOwner } from "./streams.js";
import { Turns } from "./turns.js";

/** The options of a connection, with the defaults filled in. */
export interface SessionOptions {
  readonly limits: Limits;
  readonly now: () => number;
  readonly turns?: Turns | undefined;
}

/** The parts of a connection, which frames change, and what they tell each other. */
export class Session implements SenderObserver, StreamsOwner, EndingOwner {
  readonly sender: Sender;
  readonly streams: Streams;
  readonly floods: Floods;
  readonly ending: Ending;
  readonly pings = new Pings();
  /** What the other end may send on all streams together. */
  readonly window: ReceiveWindow;
  readonly decoder;
  /** The header block that is on its way. */
  readonly block: HeaderBlock;
  /** Runs while the beginning of the connection, or a header block, is on its way. */
  readonly patience: Patience;
  /** Whether the first SETTINGS of the other end have come. */
  settled = false;
  /** How many streams the other end begins in a turn of the event loop. */
  readonly turns: Turns;
  /** How many streams the other end takes at once. */
  peerStreams: number = bounds.streamsBeforeSettings;
  /** The largest header list that the other end takes, in bytes. */
  peerHeaderListBytes = Number.POSITIVE_INFINITY;
  readonly socket: Duplex;
  readonly handler: ConnectionHandler;
  readonly limits: Limits;
  readonly isServer: boolean;
  #capacityDue = false;

  constructor(
    socket: Duplex,
    handler: ConnectionHandler,
    { limits, now, turns = new Turns() }: SessionOptions,
    isServer: boolean,
  ) {
    this.turns = turns;
    this.socket = socket;
    this.handler = handler;
    this.limits = limits;
    this.isServer = isServer;
    this.floods = new Floods(limits, now);
    this.sender = new Sender(socket, this);
    this.streams = new Streams(this);
    this.ending = new Ending(this);
    this.decoder = createDecoder({ maximumListBytes: limits.headerListBytes, maximumFields: limits.headerFields });
    this.block = new HeaderBlock(limits.headerFrames);
    this.window = new ReceiveWindow(limits.connectionWindowBytes, initial.windowBytes);
    this.patience = new Patience(limits.headerBlockMs, () => {
      this.ending.goAway({ code: errorCode.enhanceYourCalm, message: "it took too long", by: "fault" });
    });
  }

  /** Sends what a connection begins with, and waits for that of the other end. */
  begin(): void {
    const { frames } = this.sender;
    const { concurrentStreams, streamWindowBytes, headerListBytes } = this.limits;
    if (!this.isServer) frames.bytes(preface);
    const settings: readonly (readonly [number, number])[] = [
      this.isServer ? [setting.maxConcurrentStreams, concurrentStreams] : [setting.enablePush, 0],
      [setting.initialWindowSize, streamWindowBytes],
      [setting.maxHeaderListSize, headerListBytes],
    ];
    const payload = Buffer.alloc(settings.length * 6);
    let at = 0;
    for (const [id, value] of settings) at = payload.writeUInt32BE(value, payload.writeUInt16BE(id, at));
    frames.frame(frameType.settings, 0, 0, payload);
    // The window of a connection has no setting.
    const increment = this.window.release(0);
    if (increment > 0) frames.numbers(frameType.windowUpdate, 0, 0, increment);
    this.patience.start();
  }

  /** Whether no stream can be opened, now or later. */
  get takesNone(): boolean {
    return this.ending.closing || this.ending.over;
  }

  /** How many more streams a client may open now. */
  get capacity(): number {
    return this.takesNone ? 0 : Math.max(0, this.peerStreams - this.streams.size);
  }

  /** Opens a stream of a client. With its last id, the connection closes. */
  open(request: HeaderList, end: boolean, handler: StreamHandler, recurring: boolean): Stream {
    if (this.capacity === 0) throw new RangeError("the connection takes no more streams now");
    const { streams, ending } = this;
    const stream = streams.add(streams.ids.take(), handler);
    stream.sendHeaders(request, end, recurring);
    if (streams.ids.usedUp) ending.close();
    return stream;
  }

  /** Takes note that a client may open more streams, or fewer. */
  capacityChanged(): void {
    if (this.#capacityDue || !this.handler.onCapacity) return;
    this.#capacityDue = true;
    queueMicrotask(() => this.#tellCapacity());
  }

  /**
   * Looks at what a peer has caused that does not read.
   *
   * @throws A `ConnectionError` where it is too much.
   */
  checkStalled(): void {
    if (this.sender.stalledBytes > this.limits.unsentControlBytes)
      throw new ConnectionError(errorCode.enhanceYourCalm, "answers are not read");
  }

  /** Ends the connection because of what was thrown: a fault of the other end, or of a handler. */
  fail(error: unknown): void {
    const end =
      error instanceof ConnectionError
        ? ({ code: error.code, message: error.message, by: "fault" } as const)
        : handlerFailed(error);
    this.ending.note(end);
    this.ending.goAway(end);
  }

  /** The socket has closed. */
  closed(): void {
    this.ending.closed();
    const { end } = this.ending;
    if (this.handler.onClose) this.handler.onClose(end);
    else if ("error" in end) throw end.error;
  }

  // What the parts tell.

  lastFrameSent(stream: Stream): void {
    this.streams.lastFrameSent(stream);
  }

  contentSent(): void {
    this.floods.content();
  }

  streamGone(): void {
    this.capacityChanged();
    this.ending.ifDone();
  }

  isOver(): void {
    this.patience.stop();
  }

  #tellCapacity(): void {
    this.#capacityDue = false;
    try {
      this.handler.onCapacity?.();
    } catch (error) {
      this.fail(error);
    }
  }
}

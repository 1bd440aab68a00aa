import { initial, maximumInteger } from "../frame/kinds.js";

/**
 * What bounds a connection. Each bound holds for one connection; what one bot may have over all of its connections is decided by
 * the reader of the streams, which knows whose they are.
 */
export interface Limits {
  /** How many streams the other end may have open. Default: 256. */
  readonly concurrentStreams: number;
  /**
   * The window of a stream: what may arrive before the reader has taken it, in bytes, or else the rest of one message that the
   * reader awaits. Default: 256 KiB.
   */
  readonly streamWindowBytes: number;
  /**
   * The window of the connection, in bytes, at least 65,535. It is given back on receipt, so that a stream that nobody reads
   * stops no other one; so all that can be held is what the windows of the streams let in. Default: 4 MiB.
   */
  readonly connectionWindowBytes: number;
  /** The largest header list, by RFC 9113, section 6.5.2. Default: 64 KiB, as in Node. */
  readonly headerListBytes: number;
  /** The most fields of a header list. Default: 192. Node takes 128, other servers any number: a call with 150 is honest. */
  readonly headerFields: number;
  /** The most frames of a header block. Default: 8: four carry the largest list. */
  readonly headerFrames: number;
  /** How long a header block, or the beginning of the connection, may take to arrive, in milliseconds. Default: 10,000. */
  readonly headerBlockMs: number;
  /**
   * The bytes of answers that may wait because the other end gives no window or does not read. One more, and the stream that wants
   * to send ends. Default: 32 MiB: eight of the largest messages of gRPC.
   */
  readonly queuedBytes: number;
  /**
   * The bytes of frames other than content (acknowledgments, resets, windows, header lists) that may be written while the socket
   * takes nothing, with what it costs to keep them. A peer that asks and never reads gets no further. Default: 1 MiB.
   */
  readonly unsentControlBytes: number;
  /**
   * How long the other end may take to read what is left once the last stream of a connection that closes has ended, in
   * milliseconds. Default: 30,000.
   */
  readonly closingMs: number;
  /**
   * Frames that make work and carry nothing: pings, settings, windows, priorities, unknown ones, empty ones. A frame with
   * content, of either end, allows four more, because Go's gRPC sends a ping and two windows with each message.
   * Default: 2,000 a second, 8,000 at once.
   */
  readonly controlFrames: Rate;
  /**
   * Streams that a client resets before their answer is complete, or that end because of a fault of it. Default: 1,000 a second,
   * 6,000 at once: a caller that cancels thousands of calls is honest.
   */
  readonly resets: Rate;
}

/** A number for each second, and how many of them may come at once. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** The bounds where no others are given. */
export const defaultLimits: Limits = {
  concurrentStreams: 256,
  streamWindowBytes: 256 * 1_024,
  connectionWindowBytes: 4 * 1_024 * 1_024,
  headerListBytes: 64 * 1_024,
  headerFields: 192,
  headerFrames: 8,
  headerBlockMs: 10_000,
  queuedBytes: 32 * 1_024 * 1_024,
  unsentControlBytes: 1_024 * 1_024,
  closingMs: 30_000,
  controlFrames: { perSecond: 2_000, burst: 8_000 },
  resets: { perSecond: 1_000, burst: 6_000 },
};

/** Bounds that nobody needs to change. */
export const bounds = {
  /** Streams that were reset here, and of which frames may still be on their way: four times those that can be open. */
  recentResets: 1_024,
  /** The streams that a client opens before it knows how many it may: RFC 9113, section 6.5.2, recommends no fewer than 100. */
  streamsBeforeSettings: 100,
  /** How long the other end has to close the socket after a GOAWAY, in milliseconds. */
  lingerMs: 1_000,
  /** How many own pings may be under way. */
  pings: 16,
  /** Frames that carry nothing, which one with content allows. */
  controlFramesOfContent: 4,
  /** What SETTINGS costs in frames that carry nothing, beside one for each setting: it may change all streams. */
  settingsCost: 10,
  /** The part of a GOAWAY's text that is read or sent, in bytes. */
  goAwayTextBytes: 256,
  /** What a buffer that waits costs beside its bytes: the objects that hold it. */
  pieceBytes: 128,
} as const;

/**
 * Fills in the defaults.
 *
 * @throws A `RangeError` for bounds that HTTP/2 cannot express.
 */
export function limitsOf(given: Partial<Limits> | undefined): Limits {
  const limits = { ...defaultLimits, ...given };
  for (const name of ["concurrentStreams", "streamWindowBytes", "connectionWindowBytes", "headerListBytes"] as const) {
    const least = name === "connectionWindowBytes" ? initial.windowBytes : 0;
    const value = limits[name];
    if (!Number.isInteger(value) || value < least || value > maximumInteger) {
      throw new RangeError(`${name} is ${value}, and has to be an integer from ${least} to ${maximumInteger}`);
    }
  }
  return limits;
}

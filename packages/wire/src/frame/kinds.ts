/** The bytes with which a client begins a connection (RFC 9113, section 3.4). */
export const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/** The length of the header of a frame, in bytes (RFC 9113, section 4.1). */
export const frameHeadBytes = 9;

/** The types of frames (RFC 9113, section 6). */
export const frameType = {
  data: 0x0,
  headers: 0x1,
  priority: 0x2,
  rstStream: 0x3,
  settings: 0x4,
  pushPromise: 0x5,
  ping: 0x6,
  goaway: 0x7,
  windowUpdate: 0x8,
  continuation: 0x9,
} as const;

/** The flags of frames (RFC 9113, section 6). */
export const flag = { endStream: 0x1, ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

/** The settings (RFC 9113, section 6.5.2). */
export const setting = {
  headerTableSize: 0x1,
  enablePush: 0x2,
  maxConcurrentStreams: 0x3,
  initialWindowSize: 0x4,
  maxFrameSize: 0x5,
  maxHeaderListSize: 0x6,
} as const;

/** The largest window, and the largest stream id (RFC 9113, sections 6.9.1 and 5.1.1). */
export const maximumInteger = 2 ** 31 - 1;

/** The windows and the frame size before any SETTINGS (RFC 9113, section 6.5.2). */
export const initial = { windowBytes: 65_535, frameBytes: 16_384, headerTableBytes: 4_096 } as const;

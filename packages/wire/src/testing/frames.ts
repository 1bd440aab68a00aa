import { flag, frameType, preface } from "../frame/kinds.js";

/** Writes a frame, sound or not. */
export function frame(type: number, flags = 0, streamId = 0, payload: Uint8Array = new Uint8Array()): Buffer {
  const bytes = Buffer.alloc(9 + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(streamId, 5);
  bytes.set(payload, 9);
  return bytes;
}

/** Numbers of 32 bits. */
export function words(...numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(numbers.length * 4);
  for (const [i, number] of numbers.entries()) bytes.writeUInt32BE(number, i * 4);
  return bytes;
}

export function settings(...pairs: readonly (readonly [id: number, value: number])[]): Buffer {
  const payload = pairs.flatMap(([id, value]) => [...words(id).subarray(2), ...words(value)]);
  return frame(frameType.settings, 0, 0, Buffer.from(payload));
}

export const settingsAck = frame(frameType.settings, flag.ack);

/** With what a client begins. */
export const hello = Buffer.concat([preface, settings()]);

/** A header block without compression: each field a literal that is in no table. */
export function block(fields: readonly string[]): Buffer {
  const parts: Buffer[] = [];
  for (const [i, text] of fields.entries()) {
    const bytes = Buffer.from(text, "latin1");
    if (i % 2 === 0) parts.push(Buffer.from([0x00]));
    parts.push(lengthOf(bytes.length), bytes);
  }
  return Buffer.concat(parts);
}

/** The length of a string (RFC 7541, section 5.2). */
function lengthOf(length: number): Buffer {
  if (length < 127) return Buffer.from([length]);
  const octets = [127];
  let rest = length - 127;
  for (; rest >= 128; rest >>>= 7) octets.push((rest & 127) | 128);
  return Buffer.from([...octets, rest]);
}

export const request = [":method", "POST", ":scheme", "http", ":path", "/", ":authority", "arm", "te", "trailers"];

export function headers(
  streamId: number,
  fields: readonly string[] = request,
  flags: number = flag.endHeaders,
): Buffer {
  return frame(frameType.headers, flags, streamId, block(fields));
}

/** A request that has no content. */
export function wholeRequest(streamId: number, fields: readonly string[] = request): Buffer {
  return headers(streamId, fields, flag.endHeaders | flag.endStream);
}

export function data(streamId: number, payload: Uint8Array, end = false): Buffer {
  return frame(frameType.data, end ? flag.endStream : 0, streamId, payload);
}

export function rstStream(streamId: number, code: number): Buffer {
  return frame(frameType.rstStream, 0, streamId, words(code));
}

export function windowUpdate(streamId: number, increment: number): Buffer {
  return frame(frameType.windowUpdate, 0, streamId, words(increment));
}

export function ping(payload: Uint8Array = new Uint8Array(8), flags = 0): Buffer {
  return frame(frameType.ping, flags, 0, payload);
}

export function goAway(lastId: number, code: number, text = ""): Buffer {
  return frame(frameType.goaway, 0, 0, Buffer.concat([words(lastId, code), Buffer.from(text)]));
}

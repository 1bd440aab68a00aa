import { Transform } from "node:stream";

const prefaceBytes = 24;
const headBytes = 9;
const maximumFrameBytes = 16_384;
const headersFrame = 0x1;
const continuationFrame = 0x9;
const endHeaders = 0x4;
const padded = 0x8;
/** `authorization` in the static table of RFC 7541, Appendix A. */
const authorizationIndex = 23;

/**
 * Passes on the bytes of an HTTP/2 client as they are, but for one field at the end of the header block of each request:
 * `authorization`, never indexed (RFC 7541, section 6.2.3). Such a field changes no table, so nothing has to be decoded, and every
 * frame stays the one that the client has made.
 */
export function addAuthorization(value: string): Transform {
  const field = Buffer.concat([
    prefixed(0x10, 4, authorizationIndex),
    prefixed(0, 7, value.length),
    Buffer.from(value),
  ]);
  let rest: Buffer = Buffer.alloc(0);
  let passing = prefaceBytes;
  let lastStream = 0;
  /** Whether the block of a new request goes on in CONTINUATION frames. */
  let isOpen = false;

  function next(push: (bytes: Buffer) => void): boolean {
    if (passing > 0) {
      if (rest.length === 0) return false;
      const part = rest.subarray(0, passing);
      passing -= part.length;
      rest = rest.subarray(part.length);
      push(part);
      return true;
    }
    if (rest.length < headBytes) return false;
    const length = rest.readUIntBE(0, 3);
    const [kind = 0, flags = 0] = [rest[3], rest[4]];
    const stream = rest.readUInt32BE(5) & 0x7fff_ffff;
    const opens = kind === headersFrame && stream > lastStream;
    if (opens) {
      lastStream = stream;
      isOpen = true;
    }
    const isBlock = isOpen && (kind === headersFrame || kind === continuationFrame);
    if (!isBlock || (flags & endHeaders) === 0) {
      passing = headBytes + length;
      return true;
    }
    if (rest.length < headBytes + length) return false;
    isOpen = false;
    const frame = rest.subarray(0, headBytes + length);
    rest = rest.subarray(frame.length);
    if (length + field.length > maximumFrameBytes)
      throw new Error("no room for the token in the last frame of a block");
    const padding = kind === headersFrame && (flags & padded) !== 0 ? (frame[headBytes] ?? 0) : 0;
    const head = Buffer.from(frame.subarray(0, headBytes));
    head.writeUIntBE(length + field.length, 0, 3);
    const end = frame.length - padding;
    push(Buffer.concat([head, frame.subarray(headBytes, end), field, frame.subarray(end)]));
    return true;
  }

  return new Transform({
    transform(bytes: Buffer, _encoding, done) {
      rest = rest.length > 0 ? Buffer.concat([rest, bytes]) : bytes;
      try {
        while (next((part) => this.push(part)));
        done();
      } catch (error) {
        done(error as Error);
      }
    },
  });
}

/** An integer with a prefix of `bits`, below `pattern` (RFC 7541, section 5.1). */
function prefixed(pattern: number, bits: number, value: number): Buffer {
  const most = 2 ** bits - 1;
  if (value < most) return Buffer.of(pattern | value);
  const bytes = [pattern | most];
  let left = value - most;
  while (left >= 128) {
    bytes.push((left % 128) | 0x80);
    left = Math.floor(left / 128);
  }
  return Buffer.of(...bytes, left);
}

import type { Guard } from "./tap.js";

// RFC 9113, sections 3.4, 4.1 and 6.
const prefaceLength = 24;
const headerLength = 9;
const frameType = { data: 0, headers: 1 } as const;
const endStream = 1;

/**
 * Guards what a scan sends over HTTP/2: no frame may carry a message, nor say that a request is complete. So no server has
 * anything that a handler of a unary method could run. DATA frames pass on the streams that `mayAsk` allows.
 */
export function createFrameGuard(mayAsk: (stream: number) => boolean): Guard {
  let toSkip = prefaceLength;
  let header = Buffer.alloc(0);
  return (chunk) => {
    for (let at = 0; at < chunk.length; ) {
      if (toSkip > 0) {
        const skipped = Math.min(toSkip, chunk.length - at);
        toSkip -= skipped;
        at += skipped;
        continue;
      }
      const taken = chunk.subarray(at, at + headerLength - header.length);
      header = Buffer.concat([header, taken]);
      at += taken.length;
      if (header.length < headerLength) break;
      const [type, flags] = [header.readUInt8(3), header.readUInt8(4)];
      const stream = header.readUInt32BE(5) & 0x7f_ff_ff_ff;
      toSkip = header.readUIntBE(0, 3);
      header = Buffer.alloc(0);
      const carries = type === frameType.data || type === frameType.headers;
      if (carries && (flags & endStream) !== 0) return false;
      if (type === frameType.data && !mayAsk(stream)) return false;
    }
    return true;
  };
}

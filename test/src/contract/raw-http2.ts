import type { ConnectionOptions, TLSSocket } from "node:tls";
import { rawTls } from "@interlock/bot/testing";
import { closeOf } from "./close-of.js";

// RFC 9113, section 6; only the parts that the attacks need.
export const frameType = {
  data: 0,
  headers: 1,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  continuation: 9,
} as const;
export const flag = { ack: 1, endStream: 1, endHeaders: 4 } as const;

type Header = readonly [name: string, value: string];

/** An HTTP/2 connection that is written frame by frame, as no library would. */
export interface RawHttp2 {
  readonly socket: TLSSocket;
  /** Resolves when the other end has closed. */
  readonly closed: Promise<unknown>;
  /** Resolves when the other end has sent GOAWAY. */
  readonly sentAway: Promise<unknown>;
  /** Writes a frame; resolves to false once the other end has closed. */
  write(frame: Buffer): Promise<boolean>;
  /** Makes one unary call with exactly these headers. Resolves to its gRPC status, `undefined` if it got none. */
  call(path: string, headers: readonly Header[]): Promise<number | undefined>;
  destroy(): void;
}

/** One frame. */
export function frame(type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Encodes a header block without indexing or compression (RFC 7541, section 6.2.2). */
export function headerBlock(headers: readonly Header[]): Buffer {
  return Buffer.concat(headers.flatMap(([name, value]) => [Buffer.of(0), literal(name), literal(value)]));
}

/** The headers of a gRPC call. */
export function callHeaders(path: string, more: readonly Header[] = []): Header[] {
  return [
    [":method", "POST"],
    [":scheme", "https"],
    [":authority", "127.0.0.1"],
    [":path", path],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
    ...more,
  ];
}

/** Connects, and sends the preface and settings. */
export async function connectRaw(port: number, tls: ConnectionOptions): Promise<RawHttp2> {
  const socket = rawTls(port, tls).on("error", () => {});
  const closed = closeOf(socket);
  await Promise.race([new Promise((resolve) => socket.once("secureConnect", resolve)), closed]);
  let status: number | undefined;
  let over = () => {};
  let sendAway = () => {};
  const sentAway = new Promise<void>((resolve) => (sendAway = resolve));
  let buffered = Buffer.alloc(0);
  socket.on("data", (data: Buffer) => {
    buffered = Buffer.concat([buffered, data]);
    while (buffered.length >= 9 && buffered.length >= 9 + buffered.readUIntBE(0, 3)) {
      const length = buffered.readUIntBE(0, 3);
      take(buffered.readUInt8(3), buffered.readUInt8(4), buffered.subarray(9, 9 + length));
      buffered = buffered.subarray(9 + length);
    }
  });

  function take(type: number, flags: number, payload: Buffer): void {
    if (type === frameType.goaway) sendAway();
    if (type === frameType.settings && (flags & flag.ack) === 0) socket.write(frame(type, flag.ack, 0));
    if (type === frameType.ping && (flags & flag.ack) === 0) socket.write(frame(type, flag.ack, 0, payload));
    // nghttp2 writes the trailers' grpc-status as digits, Huffman-coded or plain; nothing else is decoded here.
    if (type === frameType.headers) status = grpcStatusIn(payload) ?? status;
    if ((type === frameType.headers && (flags & flag.endStream) !== 0) || type === frameType.rstStream) over();
  }

  socket.write(Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame(frameType.settings, 0, 0)]));
  let stream = -1;
  return {
    socket,
    closed,
    sentAway,
    async write(bytes) {
      if (socket.destroyed) return false;
      if (!socket.write(bytes)) await Promise.race([new Promise((resolve) => socket.once("drain", resolve)), closed]);
      return !socket.destroyed;
    },
    async call(path, headers) {
      stream += 2;
      status = undefined;
      const ended = new Promise<void>((resolve) => (over = resolve));
      const block = headerBlock(callHeaders(path, headers));
      socket.write(frame(frameType.headers, flag.endHeaders, stream, block));
      socket.write(frame(frameType.data, flag.endStream, stream, Buffer.alloc(5)));
      await Promise.race([ended, closed]);
      return status;
    },
    destroy: () => void socket.destroy(),
  };
}

// `grpc-status` is not in HPACK's static table, so the name is written out the first time: 0x40, its length with the
// Huffman bit, the name in Huffman's code, then the value, of one or two digits (RFC 7541, appendix B).
const huffmanName = Buffer.from("9acac8b21234da8f", "hex");

function grpcStatusIn(block: Buffer): number | undefined {
  const at = block.indexOf(huffmanName);
  if (at < 0) return undefined;
  const head = block[at + huffmanName.length] ?? 0;
  const value = block.subarray(at + huffmanName.length + 1, at + huffmanName.length + 1 + (head & 0x7f));
  return (head & 0x80) === 0 ? Number(value.toString("latin1")) : huffmanNumber(value);
}

// The digits' codes: 0 to 2 in five bits (00000 to 00010), 3 to 9 in six (011001 to 011111).
function huffmanNumber(bytes: Buffer): number {
  let bits = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  let text = "";
  while (bits.length >= 5) {
    const short = ["00000", "00001", "00010"].indexOf(bits.slice(0, 5));
    const long = Number.parseInt(bits.slice(0, 6), 2) - 0b011001 + 3;
    if (short >= 0) text += short;
    else if (long >= 3 && long <= 9) text += long;
    else break; // Padding.
    bits = bits.slice(short >= 0 ? 5 : 6);
  }
  return Number(text);
}

function literal(text: string): Buffer {
  const bytes = Buffer.from(text, "latin1");
  if (bytes.length < 127) return Buffer.concat([Buffer.of(bytes.length), bytes]);
  const length = [0x7f];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest >>= 7) length.push((rest & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([...length, rest]), bytes]);
}

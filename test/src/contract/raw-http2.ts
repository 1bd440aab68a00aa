import type { ConnectionOptions, TLSSocket } from "node:tls";
import { closeOf, rawTls } from "@interlock/bot/testing";
import { createDecoder } from "@interlock/wire/testing";

// RFC 9113, section 6; only the parts that the attacks need.
export const frameType = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
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
  const decoder = createDecoder();
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
    if (type === frameType.headers) status = grpcStatusIn(payload) ?? status;
    if ((type === frameType.headers && (flags & flag.endStream) !== 0) || type === frameType.rstStream) over();
  }

  function grpcStatusIn(payload: Buffer): number | undefined {
    const block = decoder.decode(payload, 0, payload.length);
    if (block === "too-large") return undefined;
    const at = block.headers.indexOf("grpc-status");
    return at < 0 ? undefined : Number(block.headers[at + 1]);
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

function literal(text: string): Buffer {
  const bytes = Buffer.from(text, "latin1");
  if (bytes.length < 127) return Buffer.concat([Buffer.of(bytes.length), bytes]);
  const length = [0x7f];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest >>= 7) length.push((rest & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([...length, rest]), bytes]);
}

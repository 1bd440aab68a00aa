import type { TLSSocket } from "node:tls";
import type { Bot } from "@interlock/bot";
import { rawTls, shows } from "@interlock/bot/testing";

// RFC 9113, section 6; only what attacks need.
const types = { data: 0, headers: 1, settings: 4, ping: 6 } as const;
const flags = { ack: 1, endStream: 1, endHeaders: 4 } as const;

/** One frame of HTTP/2. */
function frame(type: number, flag: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flag, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A header block in which nothing is indexed or compressed (RFC 7541, section 6.2.2). Texts are shorter than 127 bytes. */
function headerBlock(headers: Readonly<Record<string, string>>): Buffer {
  const literal = (text: string) => Buffer.concat([Buffer.of(text.length), Buffer.from(text, "latin1")]);
  return Buffer.concat(
    Object.entries(headers).flatMap(([name, value]) => [Buffer.of(0), literal(name), literal(value)]),
  );
}

/** The header block of a call, for {@link headersFrame}. */
export function callBlock(path: string, contentType = "application/grpc"): Buffer {
  const headers = { ":method": "POST", ":scheme": "https", ":authority": "a", ":path": path };
  return headerBlock({ ...headers, "content-type": contentType, te: "trailers" });
}

/** A HEADERS frame that begins a call, and ends its request as well. */
export function headersFrame(stream: number, block: Uint8Array): Buffer {
  return frame(types.headers, flags.endHeaders | flags.endStream, stream, block);
}

/**
 * Connects as `bot`, and says hello. Acknowledges settings and pings. The socket emits `answered` for each stream that the server
 * ends.
 */
export async function connectRaw(bot: Bot, port: number): Promise<TLSSocket> {
  const socket = rawTls(port, shows(bot.identity.current()))
    .on("error", () => {})
    .setMaxListeners(0);
  await new Promise<void>((resolve) => {
    socket.once("secureConnect", resolve).once("close", resolve);
  });
  let buffered = Buffer.alloc(0);
  socket.on("data", (data: Buffer) => {
    buffered = Buffer.concat([buffered, data]);
    while (buffered.length >= 9 && buffered.length >= 9 + buffered.readUIntBE(0, 3)) {
      const end = 9 + buffered.readUIntBE(0, 3);
      const [type, flag, payload] = [buffered[3] ?? 0, buffered[4] ?? 0, buffered.subarray(9, end)];
      const acknowledges = (type === types.settings || type === types.ping) && (flag & flags.ack) === 0;
      if (acknowledges) socket.write(frame(type, flags.ack, 0, type === types.ping ? payload : undefined));
      if (type === types.headers && (flag & flags.endStream) !== 0) socket.emit("answered");
      buffered = buffered.subarray(end);
    }
  });
  socket.write(Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame(types.settings, 0, 0)]));
  return socket;
}

/** Connects as {@link connectRaw} does, and begins one call to `path` as stream 1. */
export async function beginRawCall(bot: Bot, port: number, path: string): Promise<TLSSocket> {
  const socket = await connectRaw(bot, port);
  socket.write(frame(types.headers, flags.endHeaders, 1, callBlock(path)));
  return socket;
}

/** One DATA frame on stream 1. */
export function dataFrame(payload: Uint8Array): Buffer {
  return frame(types.data, 0, 1, payload);
}

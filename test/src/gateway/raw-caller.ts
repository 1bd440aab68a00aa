import { once } from "node:events";
import type { TLSSocket } from "node:tls";
import type { Bot } from "@interlock/bot";
import { rawTls, shows } from "@interlock/bot/testing";
import { type Connection, createClientConnection, type HeaderList, type Reset, type Stream } from "@interlock/wire";

/** An answer, as it has come to a {@link RawCaller}. */
export interface SeenAnswer {
  /** The header lists before the final one (RFC 9110, section 15.2). */
  readonly interim: HeaderList[];
  head: HeaderList | undefined;
  content: Buffer;
  trailers: HeaderList | undefined;
  reset: Reset | undefined;
}

/** A call on its way. */
export interface RawCall {
  readonly stream: Stream;
  /** What has come until now. Its content is set when the answer is over. */
  readonly seen: SeenAnswer;
  /** Resolves when the answer has ended, or the stream is over. */
  readonly whole: Promise<SeenAnswer>;
  /** Resolves when the final header list has come, or the stream is over. */
  readonly headed: Promise<void>;
  /** Resolves when so many bytes have come, or the stream is over. */
  came(bytes: number): Promise<void>;
  /** Ends the stream. What has come until now is what the caller has seen. */
  reset(code: number): void;
  /** Sends content, and resolves when all of it has gone, or the stream is over. */
  send(content: Uint8Array, end: boolean): Promise<void>;
}

/** How a call is read. */
export interface ReadOptions {
  /** Whether what comes is credited, so that more may come. Default: true. */
  readonly reads?: boolean;
}

/** A bot that makes its calls frame by frame. */
export interface RawCaller {
  readonly connection: Connection;
  call(headers: HeaderList, end: boolean, options?: ReadOptions): RawCall;
  close(): void;
}

/** Connects as a bot to a port of this machine. */
export async function connectRawCaller(bot: Bot, port: number): Promise<RawCaller> {
  const socket: TLSSocket = rawTls(port, shows(bot.identity.current()));
  socket.setNoDelay(true);
  await once(socket, "secureConnect");
  // It takes whatever comes, so that what is missing was lost on the way.
  const limits = { headerFields: 2_048, queuedBytes: Number.POSITIVE_INFINITY };
  let ready = () => {};
  const settled = new Promise<void>((resolve) => {
    ready = resolve;
  });
  const connection = createClientConnection(socket, { onCapacity: () => ready() }, { limits });
  await settled;
  return {
    connection,
    call: (headers, end, options) => begin(connection, headers, end, options),
    close: () => connection.destroy(),
  };
}

function begin(connection: Connection, headers: HeaderList, end: boolean, { reads = true }: ReadOptions = {}): RawCall {
  const seen: SeenAnswer = {
    interim: [],
    head: undefined,
    content: Buffer.alloc(0),
    trailers: undefined,
    reset: undefined,
  };
  const pieces: Buffer[] = [];
  let bytesCame = 0;
  let over = false;
  const waiting = new Set<{ is(): boolean; resolve(): void }>();
  const look = () => {
    for (const one of waiting) {
      if (!over && !one.is()) continue;
      waiting.delete(one);
      one.resolve();
    }
  };
  const until = (is: () => boolean) => {
    const reached = new Promise<void>((resolve) => void waiting.add({ is, resolve }));
    look();
    return reached;
  };
  const finish = () => {
    over = true;
    seen.content = Buffer.concat(pieces);
    look();
  };
  let full = false;
  const stream = connection.open(headers, end, {
    onInterim: (block) => void seen.interim.push(block.headers),
    onHeaders(block, last) {
      if (seen.head === undefined) seen.head = block.headers;
      else seen.trailers = block.headers;
      if (last) finish();
      else look();
    },
    onData(bytes, last) {
      pieces.push(Buffer.from(bytes));
      bytesCame += bytes.length;
      if (reads) stream.consumed(bytes.length);
      if (last) finish();
      else look();
    },
    onReset(reset) {
      seen.reset = reset;
      finish();
    },
    onRoom() {
      full = false;
      look();
    },
  });
  return {
    stream,
    seen,
    headed: until(() => seen.head !== undefined),
    whole: until(() => false).then(() => seen),
    reset(code) {
      stream.reset(code);
      finish();
    },
    came: (bytes) => until(() => bytesCame >= bytes),
    async send(content, last) {
      full = !stream.sendData(Buffer.from(content), last);
      await until(() => !full);
    },
  };
}

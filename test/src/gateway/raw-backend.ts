import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import { type Bot, certificatesToPem } from "@interlock/bot";
import {
  type Connection,
  createServerConnection,
  type HeaderList,
  type Stream,
  type StreamHandler,
} from "@interlock/wire";

/** A request, as it has come to a {@link RawBackend}. */
export interface SeenRequest {
  readonly headers: HeaderList;
  content: Buffer;
  trailers: HeaderList | undefined;
  /** The code with which the stream ended before its end. */
  reset: number | undefined;
}

/** A request that a script answers. */
export interface Arrival {
  readonly stream: Stream;
  readonly connection: Connection;
  readonly seen: SeenRequest;
  /** Resolves when the request has ended, or its stream is over. */
  readonly whole: Promise<SeenRequest>;
  /** Resolves when there is room for more, after `sendData` gave false. */
  room(): Promise<void>;
}

/** Answers a request. */
export type Script = (arrival: Arrival) => unknown;

/** A bot that looks at no token, and answers each stream, frame by frame, as its script says. */
export interface RawBackend {
  readonly address: string;
  readonly port: number;
  /** Gives the next request of a case. */
  arrival(name: string): Promise<Arrival>;
  close(): void;
}

/** The header that says which script answers. */
export const caseHeader = "x-case";

/** Opens one under the identity of a bot. Each request is answered by the script that its header `x-case` names. */
export async function openRawBackend(bot: Bot, scripts: Readonly<Record<string, Script>>): Promise<RawBackend> {
  const sockets = new Set<TLSSocket>();
  const waiting = new Map<string, (arrival: Arrival) => void>();
  const { privateKey, chain } = bot.identity.current();
  const ca = certificatesToPem(bot.trust.state.caCertificates);
  const tls = { key: privateKey, cert: certificatesToPem(chain), ca, requestCert: true, ALPNProtocols: ["h2"] };
  const server = createServer({ ...tls, minVersion: "TLSv1.3" }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.setNoDelay(true);
    // It takes whatever comes, so that what is missing was lost on the way.
    const limits = { headerFields: 2_048, queuedBytes: Number.POSITIVE_INFINITY };
    const connection: Connection = createServerConnection(
      socket,
      { onStream: (stream, block, end) => arrive(connection, stream, block?.headers ?? [], end) },
      { limits },
    );
  });

  function arrive(connection: Connection, stream: Stream, headers: HeaderList, end: boolean): StreamHandler {
    const name = headers[headers.indexOf(caseHeader) + 1] ?? "";
    const script = headers.includes(caseHeader) ? scripts[name] : undefined;
    const seen: SeenRequest = { headers, content: Buffer.alloc(0), trailers: undefined, reset: undefined };
    const pieces: Buffer[] = [];
    let finish = () => {};
    const whole = new Promise<SeenRequest>((resolve) => {
      finish = () => {
        seen.content = Buffer.concat(pieces);
        resolve(seen);
      };
    });
    let roomy = () => {};
    const room = () =>
      new Promise<void>((resolve) => {
        roomy = resolve;
        if (stream.closed) resolve();
      });
    if (end) finish();
    const arrival = { stream, connection, seen, whole, room };
    if (script) {
      waiting.get(name)?.(arrival);
      waiting.delete(name);
      // Not from within: a script may reset a stream of which nobody has heard yet.
      queueMicrotask(() => void script(arrival));
    } else
      queueMicrotask(() =>
        stream.sendHeaders([":status", "200", "content-type", "application/grpc", "grpc-status", "12"], true),
      );
    return {
      onHeaders(block) {
        seen.trailers = block.headers;
        finish();
      },
      onData(bytes, last) {
        pieces.push(Buffer.from(bytes));
        stream.consumed(bytes.length);
        if (last) finish();
      },
      onReset({ code }) {
        seen.reset = code;
        finish();
        roomy();
      },
      onRoom: () => roomy(),
    };
  }

  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    address: `127.0.0.1:${port}`,
    arrival: (name) => new Promise((resolve) => waiting.set(name, resolve)),
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectHttp2,
  type OutgoingHttpHeaders,
} from "node:http2";
import { connect as connectTcp } from "node:net";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import type { Identity } from "../identity/identity.js";
import { certificatesToPem } from "../identity/pem.js";

/** The outcome of a call that was made without any client library. */
export interface RawAnswer {
  /** `undefined` when the connection, or the stream, was closed without one. */
  readonly status: number | undefined;
  /** The status of HTTP; `undefined` without headers. */
  readonly http: number | undefined;
  readonly message: string;
  /** The messages of the answer, each with its five bytes of framing. At most 1 MiB is kept. */
  readonly body: Buffer;
  /** Error code of the socket or the stream, if there was one. */
  readonly error: string | undefined;
}

/** TLS as an attacker uses it: every server is accepted, and any key and certificate can be shown. */
export function rawTls(port: number, options: ConnectionOptions = {}): TLSSocket {
  return connectTls({ host: "127.0.0.1", port, ALPNProtocols: ["h2"], rejectUnauthorized: false, ...options });
}

/** Key and certificate of an identity, for {@link rawTls}. */
export function shows({ privateKey, chain }: Pick<Identity, "privateKey" | "chain">): ConnectionOptions {
  return { key: privateKey, cert: certificatesToPem(chain) };
}

/** HTTP/2 over a socket of one's own making. */
export function rawSession(port: number, options: ConnectionOptions = {}): ClientHttp2Session {
  const socket = rawTls(port, options);
  const session = connectHttp2(`https://127.0.0.1:${port}`, { createConnection: () => socket });
  // A socket that closes before Node has joined the two would leave the session waiting forever.
  socket.once("close", () => session.destroy());
  return session.setMaxListeners(0).on("error", () => {}); // The calls report it.
}

/** Plaintext HTTP/2 to a port. */
export function plaintextSession(port: number): ClientHttp2Session {
  const session = connectHttp2(`http://127.0.0.1:${port}`, { createConnection: () => connectTcp(port, "127.0.0.1") });
  return session.on("error", () => {});
}

/** One unary call, with an empty message unless `body` is given; the headers are sent as they are. */
export function rawCall(
  session: ClientHttp2Session,
  path: string,
  headers: OutgoingHttpHeaders = {},
  body: Uint8Array = Buffer.alloc(5),
): Promise<RawAnswer> {
  return new Promise((resolve) => {
    let answer: Pick<RawAnswer, "status" | "message"> = { status: undefined, message: "" };
    let http: number | undefined;
    let error: string | undefined;
    const chunks: Buffer[] = [];
    let kept = 0;
    const read = (received: Record<string, unknown>) => {
      http ??= received[":status"] as number | undefined;
      if (received["grpc-status"] === undefined) return;
      answer = { status: Number(received["grpc-status"]), message: decodeURI(String(received["grpc-message"])) };
    };
    const fail = (failure: NodeJS.ErrnoException) => {
      error ??= /NGHTTP2_\w+/.exec(failure.message)?.[0] ?? failure.code;
    };
    session.on("error", fail);
    const all = { ":method": "POST", "content-type": "application/grpc", te: "trailers", ":path": path, ...headers };
    let stream: ClientHttp2Stream;
    try {
      stream = session.request(all);
    } catch (failure) {
      // The server has said that it takes no more.
      session.off("error", fail);
      return resolve({ ...answer, http, body: Buffer.alloc(0), error: (failure as NodeJS.ErrnoException).code });
    }
    stream.on("response", read).on("trailers", read).on("error", fail);
    stream.on("close", () => {
      session.off("error", fail);
      resolve({ ...answer, http, body: Buffer.concat(chunks), error });
    });
    stream.on("data", (chunk: Buffer) => {
      kept += chunk.length;
      if (kept <= 1_048_576) chunks.push(chunk);
    });
    stream.end(body);
  });
}

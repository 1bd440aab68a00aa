import { once } from "node:events";
import {
  createSecureServer,
  type Http2SecureServer,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type Settings,
} from "node:http2";
import type { AddressInfo, ListenOptions, Socket } from "node:net";
import { createSecureContext, createServer } from "node:tls";
import {
  type ChannelOptions,
  Client,
  credentials,
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceError,
  type StatusObject,
} from "@grpc/grpc-js";
import { type ConnectionOptions, createServerConnection, type Stream } from "@interlock/wire";
import { certificatesToPem } from "../identity/pem.js";
import { tlsContext } from "../identity/tls-context.js";
import { createWireChannel } from "../transport/create-wire-channel.js";
import type { ServerCheck } from "../transport/secure-socket.js";
import type { WireChannel } from "../transport/wire-channel.js";
import { createTestCa } from "./test-ca.js";

/** A client over HTTP/2 of our own, with its channel. */
export interface WireClient {
  readonly client: Client;
  readonly channel: WireChannel;
}

/** The handlers of a server of grpc-js, by their paths. Messages are bytes. */
export interface Handlers {
  readonly unary?: handleUnaryCall<Buffer, Buffer>;
  readonly clientStream?: handleClientStreamingCall<Buffer, Buffer>;
  readonly serverStream?: handleServerStreamingCall<Buffer, Buffer>;
  readonly bidi?: handleBidiStreamingCall<Buffer, Buffer>;
}

/** A server on HTTP/2 of Node, which does what a test says, right or wrong. */
export interface RawServer {
  readonly address: string;
  readonly port: number;
  readonly server: Http2SecureServer;
  readonly sessions: ServerHttp2Session[];
  /** The TCP connections that there have been. */
  readonly connections: number;
  close(): Promise<void>;
}

/** What the tests of the transport work with: a CA, and what connects and serves below it. */
export interface TransportPeers {
  readonly check: ServerCheck;
  wireClient(address: string, options?: ChannelOptions, connected?: (socket: Socket) => void): WireClient;
  grpcServer(handlers: Handlers, options?: ChannelOptions): Promise<{ address: string; server: Server }>;
  rawServer(
    onStream: (stream: ServerHttp2Stream, headers: Record<string, unknown>, session: ServerHttp2Session) => void,
    settings?: Settings,
    listen?: ListenOptions,
  ): Promise<RawServer>;
  /** A server on HTTP/2 of our own, at whose streams nobody looks but `onStream`. Gives its address. */
  wireServer(onStream: (stream: Stream) => void, options?: ConnectionOptions): Promise<string>;
  /** Ends everything that was made. */
  close(): Promise<void>;
}

/** The options with which the tests connect to an address without a name. */
export const testOptions: ChannelOptions = {
  "grpc.ssl_target_name_override": "localhost",
  "grpc.initial_reconnect_backoff_ms": 20,
  "grpc.max_reconnect_backoff_ms": 50,
};

/** Bytes as they are. */
export const bytes = (message: Buffer) => message;

/** Makes them. */
export async function transportPeers(): Promise<TransportPeers> {
  const ca = await createTestCa();
  const [own, servers] = await Promise.all([ca.issue("spiffe://test/client/1"), ca.issue("spiffe://test/server/1")]);
  const check: ServerCheck = { context: createSecureContext(tlsContext(own, [ca.der])), check: () => undefined };
  const closing: (() => unknown)[] = [];

  return {
    check,
    wireClient(address, options, connected) {
      const channel = createWireChannel(address, check, { ...testOptions, ...options }, connected);
      const client = new Client(address, credentials.createInsecure(), { channelOverride: channel });
      closing.push(() => client.close());
      return { client, channel };
    },
    async grpcServer(handlers, options) {
      const server = new Server(options);
      for (const [kind, handler] of Object.entries(handlers)) {
        server.register(`/test/${kind}`, handler as handleUnaryCall<Buffer, Buffer>, bytes, bytes, kind);
      }
      const pair = {
        private_key: Buffer.from(servers.privateKey),
        cert_chain: Buffer.from(certificatesToPem(servers.chain)),
      };
      const secure = ServerCredentials.createSsl(Buffer.from(certificatesToPem([ca.der])), [pair], true);
      const port = await new Promise<number>((resolve, reject) => {
        server.bindAsync("127.0.0.1:0", secure, (error, bound) => (error ? reject(error) : resolve(bound)));
      });
      closing.push(() => server.forceShutdown());
      return { address: `127.0.0.1:${port}`, server };
    },
    async rawServer(onStream, settings = {}, listen = { port: 0, host: "127.0.0.1" }) {
      const server = createSecureServer({ ...tlsContext(servers, [ca.der]), requestCert: true, settings });
      const sessions: ServerHttp2Session[] = [];
      let connections = 0;
      server.on("connection", () => connections++);
      server.on("session", (session) => {
        sessions.push(session);
        session.on("error", () => {});
      });
      server.on("sessionError", () => {});
      server.on("stream", (stream, headers) => {
        stream.on("error", () => {});
        onStream(stream, headers, stream.session as ServerHttp2Session);
      });
      await once(server.listen(listen), "listening");
      const bound = server.address();
      const port = typeof bound === "string" ? 0 : (bound as AddressInfo).port;
      const close = async () => {
        for (const session of sessions) session.destroy();
        if (!server.listening) return;
        await new Promise((resolve) => server.close(resolve));
      };
      closing.push(close);
      return {
        address: `127.0.0.1:${port}`,
        port,
        server,
        sessions,
        get connections() {
          return connections;
        },
        close,
      };
    },
    async wireServer(onStream, options) {
      const settings = { ...tlsContext(servers, [ca.der]), requestCert: true, ALPNProtocols: ["h2"] };
      const server = createServer(settings, (socket) => {
        createServerConnection(
          socket,
          {
            onStream(stream) {
              setImmediate(onStream, stream);
              return { onHeaders() {}, onData() {}, onReset() {}, onRoom() {} };
            },
          },
          options,
        );
        closing.push(() => socket.destroy());
      });
      await once(server.listen(0, "127.0.0.1"), "listening");
      closing.push(() => server.close());
      return `127.0.0.1:${(server.address() as AddressInfo).port}`;
    },
    async close() {
      await Promise.all(closing.splice(0).map((end) => end()));
    },
  };
}

/** How a unary call ended, with what came with it. */
export interface UnaryEnd {
  readonly error: ServiceError | null;
  readonly answer: Buffer | undefined;
  readonly status: StatusObject;
}

/** Makes a unary call, and resolves with its end. */
export function unary(
  client: Client,
  request: Buffer = Buffer.alloc(0),
  { metadata = new Metadata(), deadline = Date.now() + 10_000, path = "/test/unary" } = {},
): Promise<UnaryEnd> {
  return new Promise((resolve) => {
    let end: Omit<UnaryEnd, "status"> | undefined;
    const call = client.makeUnaryRequest(path, bytes, bytes, request, metadata, { deadline }, (error, answer) => {
      end = { error, answer };
    });
    call.on("status", (status) => resolve({ ...(end as UnaryEnd), status }));
  });
}

/** Writes a message with its prefix. */
export function framed(message: Uint8Array, flag = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

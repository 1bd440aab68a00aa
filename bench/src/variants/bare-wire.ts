import { once } from "node:events";
import { type AddressInfo, createServer as createPlainServer } from "node:net";
import { createSecureContext, createServer } from "node:tls";
import { Client } from "@grpc/grpc-js";
import { createWireChannel } from "@interlock/bot/internal";
import {
  createServerConnection,
  type HeaderList,
  MessageReader,
  type Stream,
  type StreamHandler,
} from "@interlock/wire";
import { makeCertificates } from "../certificates.js";
import { echoDefinition } from "../echo-definition.js";
import type { NodeVariant } from "../variant.js";
import { clientOf } from "./client-of.js";
import type { TlsSettings } from "./grpc-js.js";

const { echo, repeat } = echoDefinition;
const head: HeaderList = [":status", "200", "content-type", "application/grpc+proto"];
const succeeded: HeaderList = ["grpc-status", "0"];

/** Our HTTP/2 at both ends with mutual TLS and nothing else: the ends for doors that know nothing of tokens. */
export const bareWire: NodeVariant<TlsSettings> = {
  async prepare() {
    return { settings: await makeCertificates(), close: async () => {} };
  },
  async serve({ server: { ca, certificate, key } }) {
    const options = { ca, cert: certificate, key, requestCert: true, rejectUnauthorized: true, ALPNProtocols: ["h2"] };
    const server = createServer(options, (socket) => {
      createServerConnection(socket, { onStream: (stream, request) => serve(stream, pathIn(request?.headers ?? [])) });
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    return { address: `localhost:${(server.address() as AddressInfo).port}` };
  },
  async connect({ client: { ca, certificate, key } }, address) {
    const context = createSecureContext({ ca, cert: certificate, key });
    const channelOverride = createWireChannel(address, { context, check: () => undefined });
    return clientOf(new Client(address, undefined as never, { channelOverride }));
  },
};

/** Our HTTP/2 without TLS, as a program behind a sidecar speaks it. It has no client: nothing else may call it. */
export const plainWire: NodeVariant<TlsSettings> = {
  async prepare() {
    throw new TypeError("The end behind a sidecar needs nothing.");
  },
  async serve() {
    const server = createPlainServer({ noDelay: true }, (socket) => {
      createServerConnection(socket, { onStream: (stream, request) => serve(stream, pathIn(request?.headers ?? [])) });
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    return { address: `127.0.0.1:${(server.address() as AddressInfo).port}` };
  },
  async connect() {
    throw new TypeError("A program behind a sidecar is called through it.");
  },
};

function pathIn(headers: HeaderList): string {
  return headers[headers.indexOf(":path") + 1] ?? "";
}

function serve(stream: Stream, path: string): StreamHandler {
  const reader = new MessageReader(4 * 1_024 * 1_024);
  let pump = () => {};
  return {
    onHeaders() {},
    onReset() {},
    onRoom: () => pump(),
    onData(bytes, end) {
      stream.consumed(bytes.length);
      reader.push(bytes, {
        onMessage(message) {
          pump = path === repeat.path ? repeated(stream, message) : () => {};
          if (path === echo.path) answer(stream, message);
          else pump();
        },
      });
      if (end) reader.end();
    },
  };
}

function answer(stream: Stream, message: Buffer): void {
  const { payload } = echo.requestDeserialize(message);
  stream.sendHeaders(head, false, true);
  stream.sendMessage(0, echo.responseSerialize({ received: payload.length }), false);
  stream.sendHeaders(succeeded, true, true);
}

function repeated(stream: Stream, message: Buffer): () => void {
  const { count, payload } = repeat.requestDeserialize(message);
  let index = 0;
  stream.sendHeaders(head, false, true);
  return () => {
    while (index < count) {
      if (!stream.sendMessage(0, repeat.responseSerialize({ index: index++, payload }), false)) return;
    }
    if (index++ === count) stream.sendHeaders(succeeded, true, true);
  };
}

import { once } from "node:events";
import {
  type ChannelCredentials,
  Client,
  credentials,
  Server,
  ServerCredentials,
  type ServerOptions,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from "@grpc/grpc-js";
import { type KeyPair, makeCertificates } from "../certificates.js";
import type { EchoClient } from "../echo-client.js";
import { echoDefinition } from "../echo-definition.js";
import type { EchoRequest, EchoResponse, RepeatRequest, RepeatResponse } from "../gen/interlock/bench/v1/bench.js";
import type { EchoServer, NodeVariant } from "../variant.js";
import { clientOf } from "./client-of.js";

/** The certificates of both sides of a bare variant. */
export interface TlsSettings {
  readonly server: KeyPair;
  readonly client: KeyPair;
}

/** grpc-js with mutual TLS and nothing else: any certificate of the CA may call anything. */
export const grpcJs: NodeVariant<TlsSettings> = {
  async prepare() {
    return { settings: await makeCertificates(), close: async () => {} };
  },
  serve: ({ server }) => serveEcho(server),
  async connect({ client }, address) {
    return createEchoClient(address, clientCredentials(client));
  },
};

/** Serves `EchoService` with grpc-js as its documentation shows it. */
export async function serveEcho(keyPair: KeyPair, options: ServerOptions = {}): Promise<EchoServer> {
  const server = new Server(options);
  server.addService(echoDefinition, { echo, repeat });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", serverCredentials(keyPair), (error, port) =>
      error ? reject(error) : resolve(port),
    );
  });
  return { address: `localhost:${port}` };
}

function echo({ request }: ServerUnaryCall<EchoRequest, EchoResponse>, callback: sendUnaryData<EchoResponse>): void {
  callback(null, { received: request.payload.length });
}

async function repeat(call: ServerWritableStream<RepeatRequest, RepeatResponse>): Promise<void> {
  const { count, payload } = call.request;
  for (let index = 0; index < count; index++) {
    if (!call.write({ index, payload })) await once(call, "drain");
  }
  call.end();
}

/** A grpc-js client in the manner of its documentation. */
export function createEchoClient(address: string, credentials: ChannelCredentials): EchoClient {
  return clientOf(new Client(address, credentials));
}

/** Requires a client certificate of the CA. */
export function serverCredentials({ ca, certificate, key }: KeyPair): ServerCredentials {
  const pair = { cert_chain: Buffer.from(certificate), private_key: Buffer.from(key) };
  return ServerCredentials.createSsl(Buffer.from(ca), [pair], true);
}

export function clientCredentials({ ca, certificate, key }: KeyPair): ChannelCredentials {
  return credentials.createSsl(Buffer.from(ca), Buffer.from(key), Buffer.from(certificate));
}

import { createSecureServer } from "node:http2";
import { createFileRegistry, type DescService, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { connectNodeAdapter, createGrpcTransport } from "@connectrpc/connect-node";
import { makeCertificates } from "../certificates.js";
import type { EchoRequest, EchoResponse, RepeatRequest, RepeatResponse } from "../gen/interlock/bench/v1/bench.js";
import { EchoService } from "../gen/interlock/bench/v1/bench_interlock.js";
import { listen } from "../listen.js";
import type { NodeVariant } from "../variant.js";
import type { TlsSettings } from "./grpc-js.js";

/** What protobuf-es would derive from generated code. The messages are those of protobuf-es, as in every user of connect. */
interface Client {
  echo(request: EchoRequest, options: { timeoutMs: number }): Promise<EchoResponse>;
  repeat(request: RepeatRequest): AsyncIterable<RepeatResponse>;
}

/** connect-node with mutual TLS and nothing else: gRPC over `node:http2`, promises and async generators. */
export const connectNode: NodeVariant<TlsSettings> = {
  async prepare() {
    return { settings: await makeCertificates(), close: async () => {} };
  },
  async serve({ server: { ca, certificate, key } }) {
    const handler = connectNodeAdapter({
      routes: (router) =>
        router.service(echoService(), {
          async echo({ payload }: EchoRequest) {
            return { received: payload.length };
          },
          async *repeat({ count, payload }: RepeatRequest) {
            for (let index = 0; index < count; index++) yield { index, payload };
          },
        } as never),
    });
    const options = { ca, cert: certificate, key, requestCert: true, rejectUnauthorized: true };
    return listen(createSecureServer(options, handler));
  },
  async connect({ client: { ca, certificate, key } }, address) {
    const nodeOptions = { ca, cert: certificate, key };
    const transport = createGrpcTransport({ baseUrl: `https://${address}`, nodeOptions });
    const client = createClient(echoService(), transport) as unknown as Client;
    return {
      echo: (request) => client.echo(request, { timeoutMs: 30_000 }),
      async repeat(request, onMessage) {
        for await (const message of client.repeat(request)) onMessage(message);
      },
    };
  },
};

function echoService(): DescService {
  const files = fromBinary(FileDescriptorSetSchema, Buffer.from(EchoService.descriptors ?? "", "base64"));
  const service = createFileRegistry(files).getService(EchoService.name);
  if (!service) throw new Error(`${EchoService.name} is not among its own descriptors`);
  return service;
}

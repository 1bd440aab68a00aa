import { createChannel, createClient, createServer } from "nice-grpc";
import { makeCertificates } from "../certificates.js";
import { EchoService } from "../gen/interlock/bench/v1/bench_interlock.js";
import type { NodeVariant } from "../variant.js";
import { clientCredentials, serverCredentials, type TlsSettings } from "./grpc-js.js";

const { echo, repeat } = EchoService.methods;

// The definition that ts-proto writes for nice-grpc.
const definition = {
  name: "EchoService",
  fullName: EchoService.name,
  methods: {
    echo: {
      name: "Echo",
      requestType: echo.request,
      requestStream: false,
      responseType: echo.response,
      responseStream: false,
      options: {},
    },
    repeat: {
      name: "Repeat",
      requestType: repeat.request,
      requestStream: false,
      responseType: repeat.response,
      responseStream: true,
      options: {},
    },
  },
} as const;

/** nice-grpc with mutual TLS and nothing else: promises and async generators over grpc-js. */
export const niceGrpc: NodeVariant<TlsSettings> = {
  async prepare() {
    return { settings: await makeCertificates(), close: async () => {} };
  },
  async serve({ server: keyPair }) {
    const server = createServer();
    server.add(definition, {
      async echo({ payload }) {
        return { received: payload.length };
      },
      async *repeat({ count, payload }) {
        for (let index = 0; index < count; index++) yield { index, payload };
      },
    });
    return { address: `localhost:${await server.listen("127.0.0.1:0", serverCredentials(keyPair))}` };
  },
  async connect({ client: keyPair }, address) {
    const client = createClient(definition, createChannel(address, clientCredentials(keyPair)));
    return {
      echo: (request) => client.echo(request),
      async repeat(request, onMessage) {
        for await (const message of client.repeat(request)) onMessage(message);
      },
    };
  },
};

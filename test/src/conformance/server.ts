// The server under test: connectrpc/conformance starts it, says on standard input what it needs, and reads the port.
import { ServerCompatRequest, ServerCompatResponse } from "../gen/connectrpc/conformance/v1/server_compat.js";
import { conformanceService, ServedConformanceService } from "./conformance-service.js";
import { readMessages, writeMessage } from "./delimited.js";
import { isThroughGateway, startFleet } from "./fleet.js";
import { relayToBot } from "./relays.js";

const { value: request } = await readMessages(process.stdin, ServerCompatRequest).next();
const fleet = await startFleet();
const [server, caller] = await Promise.all([fleet.join("server/1"), fleet.join("caller/1")]);
const limit = request?.messageReceiveLimit || 4 * 1_024 * 1_024;
// The suite's client over grpc-go makes a connection for each case, and closes none.
const { port } = await server.serve({ port: 0, compression: "gzip", connectionsPerPeer: 1_024 }, (routes) =>
  routes.add(ServedConformanceService, conformanceService, {
    requestBytes: {
      unary: limit,
      idempotentUnary: limit,
      clientStream: limit,
      serverStream: limit,
      bidiStream: limit,
    },
  }),
);
const served = isThroughGateway
  ? (await fleet.gateway(ServedConformanceService, `127.0.0.1:${port}`, "server/*")).gateway.port
  : port;
const relay = await relayToBot(caller, fleet.authority, ServedConformanceService.name, "conformance:call", served);
process.once("SIGTERM", async () => {
  relay.close();
  await fleet.close();
  process.exit(0);
});
writeMessage(process.stdout, ServerCompatResponse, {
  host: "127.0.0.1",
  port: relay.port,
  pemCert: new Uint8Array(),
});

// The gateway under test, in front of the bot that `server.ts` is: connectrpc/conformance calls its Connect port.
import { openGateway } from "@interlock/gateway";
import { ServerCompatRequest, ServerCompatResponse } from "../gen/connectrpc/conformance/v1/server_compat.js";
import { ConformanceService } from "../gen/connectrpc/conformance/v1/service_interlock.js";
import { conformanceService, ServedConformanceService } from "./conformance-service.js";
import { readMessages, writeMessage } from "./delimited.js";
import { startFleet } from "./fleet.js";
import { relayToConnect } from "./http-relay.js";

const { value: request } = await readMessages(process.stdin, ServerCompatRequest).next();
const fleet = await startFleet();
const [server, gateway, caller] = await Promise.all(["server/1", "gateway/1", "caller/1"].map(fleet.join));
if (!server || !gateway || !caller) throw new Error("unreachable");
const limit = request?.messageReceiveLimit || 4 * 1_024 * 1_024;
const { address } = await server.serve({ port: 0 }, (routes) =>
  routes.add(ServedConformanceService, conformanceService, {
    requestBytes: { unary: limit, idempotentUnary: limit, serverStream: limit },
  }),
);
const { connectPort = 0 } = await openGateway(gateway, {
  port: 0,
  connect: { port: 0 },
  logSample: 0,
  routes: [{ service: ConformanceService, addresses: [address], servers: ["server/*"] }],
});
const relay = await relayToConnect(caller, fleet.authority, ConformanceService.name, "conformance:call", connectPort);
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

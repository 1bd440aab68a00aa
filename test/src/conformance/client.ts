// The client under test: connectrpc/conformance says on standard input which calls to make, and reads the results.
import { ClientCompatRequest, ClientCompatResponse } from "../gen/connectrpc/conformance/v1/client_compat.js";
import { Compression } from "../gen/connectrpc/conformance/v1/config.js";
import { ConformanceService } from "../gen/connectrpc/conformance/v1/service_interlock.js";
import { readMessages, writeMessage } from "./delimited.js";
import { isThroughGateway, startFleet } from "./fleet.js";
import { makeCall } from "./make-call.js";
import { type Relay, relayFromBot } from "./relays.js";

/** The calls that are made at once. */
const atOnce = 8;

const fleet = await startFleet();
const [server, caller] = await Promise.all([fleet.join("server/1"), fleet.join("caller/1")]);
const relays = new Map<string, Promise<Relay>>();
const gateways = new Map<number, Promise<number>>();
const running = new Set<Promise<void>>();
for await (const request of readMessages(process.stdin, ClientCompatRequest)) {
  const done = answer(request).finally(() => running.delete(done));
  running.add(done);
  if (running.size >= atOnce) await Promise.race(running);
}
await Promise.all(running);
for (const relay of relays.values()) (await relay).close();
await fleet.close();
process.exit(0);

async function answer(request: ClientCompatRequest): Promise<void> {
  const { testName } = request;
  let result: ClientCompatResponse["result"];
  try {
    result = { $case: "response", value: await call(request) };
  } catch (error) {
    result = { $case: "error", value: { message: String((error as Error).stack ?? error) } };
  }
  writeMessage(process.stdout, ClientCompatResponse, { testName, result });
}

async function call(request: ClientCompatRequest) {
  const { host, port, compression, messageReceiveLimit } = request;
  const place = `${host}:${port}`;
  let relay = relays.get(place);
  if (!relay) {
    relay = relayFromBot(server, host, port);
    relays.set(place, relay);
  }
  // Clients with the same options share a connection.
  const client = caller.client(ConformanceService, `127.0.0.1:${await portTo(await relay)}`, {
    ...(compression === Compression.COMPRESSION_GZIP && { compression: "gzip" }),
    ...(messageReceiveLimit > 0 && { responseBytes: messageReceiveLimit }),
  });
  try {
    return await makeCall(client, request);
  } finally {
    client[Symbol.dispose]();
  }
}

/** The port at which calls go to a relay: its own, or that of a gateway in front of it. */
function portTo({ port }: Relay): number | Promise<number> {
  if (!isThroughGateway) return port;
  let at = gateways.get(port);
  if (!at) {
    at = fleet.gateway(ConformanceService, `127.0.0.1:${port}`, "server/*").then(({ gateway }) => gateway.port);
    gateways.set(port, at);
  }
  return at;
}

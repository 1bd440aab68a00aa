import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { serveEcho } from "../testing/echo-server.js";
import { createTestFleet, EchoService } from "../testing/test-fleet.js";
import { InterlockError } from "./error.js";
import { plainDetails } from "./plain-details.js";

const internals =
  /Resolution note|No connection established|RST_STREAM|Last error|LB pick|metadata filters|remote_addr|ECONN/;

describe("texts of grpc-js", () => {
  it("are said in plain words", () => {
    for (const [text, plain] of [
      [
        "No connection established. Last error: connect ECONNREFUSED 127.0.0.1:7443. Resolution note: ",
        "nothing listens at 127.0.0.1:7443: start it, or correct the address",
      ],
      [
        "No connection established. Last error: connect ECONNREFUSED ::1:7443. Resolution note: ",
        "nothing listens at ::1:7443: start it, or correct the address",
      ],
      [
        "Name resolution failed for target dns:arm.invalid:50051",
        "no host is known for arm.invalid:50051: correct the address",
      ],
      ["No connection established. Last error: null. Resolution note: ", "there is no connection"],
      ["No connection established", "there is no connection"],
      ["Received RST_STREAM with code 8 (Call cancelled)", "the other end broke the call off (HTTP/2 error 8)"],
      ["Connection dropped", "the connection broke off"],
      ["Received HTTP status code 404", "what answers is no gRPC server: HTTP status 404"],
      [
        "Deadline exceeded after 0.051s,metadata filters: 0.001s,LB pick: 0.002s,remote_addr=127.0.0.1:1",
        "it took longer than its deadline, 0.051 s",
      ],
    ] as const) {
      assert.equal(plainDetails(text), `The call failed: ${plain}.`);
    }
    assert.equal(plainDetails("There is no item 7."), "There is no item 7.");
  });

  it("do not reach a caller: nobody listens, no such host, a server of another kind, a connection cut, a deadline", async () => {
    const fleet = await createTestFleet();
    const caller = await fleet.bot("caller/1");
    const sockets: Socket[] = [];
    const deaf = createServer((socket) => void sockets.push(socket)).listen(0, "127.0.0.1");
    const rude = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
    const talker = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")).listen(0, "127.0.0.1");
    await Promise.all([deaf, rude, talker].map((server) => once(server, "listening")));
    const portOf = (server: typeof deaf) => (server.address() as { port: number }).port;
    const slow = await serveEcho(fleet, { open: () => new Promise(() => {}) });
    try {
      for (const address of [
        "127.0.0.1:1",
        "no-such-host.invalid:1",
        ...[deaf, rude, talker].map((one) => `127.0.0.1:${portOf(one)}`),
        slow.address,
      ]) {
        await assert.rejects(caller.client(EchoService, address).open({}, { timeoutMs: 2_000 }), (error) => {
          assert.ok(error instanceof InterlockError);
          assert.doesNotMatch(error.message, internals, address);
          return true;
        });
      }
    } finally {
      for (const socket of sockets) socket.destroy();
      for (const server of [deaf, rude, talker]) server.close();
      await caller.close(0);
      await slow.bot.close(0);
    }
  });
});

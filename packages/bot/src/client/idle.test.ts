import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Bot } from "../bot.js";
import { serveEcho } from "../testing/echo-server.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";
import { createSharedConnectors } from "./shared-connectors.js";

const service = { ...EchoService, servedBy: ["echo/*"] };
const idleMs = 200;

describe("clients that are not used any more", () => {
  let fleet: TestFleet;
  let caller: Bot;
  let server: Awaited<ReturnType<typeof serveEcho>>;

  beforeEach(async () => {
    fleet = await createTestFleet();
    caller = await fleet.bot("caller/1", undefined, { connections: { idleMs } });
    server = await serveEcho(fleet, {
      echo: ({ reason }) => ({ reason }) as never,
      async *count() {
        yield { reason: "one" };
        await new Promise(() => {});
      },
    });
  });
  afterEach(() => Promise.all([caller.close(0), server.bot.close(0)]));

  const held = () =>
    caller.metrics.collect().find(({ name }) => name === "interlock.client.connections")?.points[0]?.value;

  /** Clients of one server under different addresses: all of 127.0.0.0/8 is this machine. */
  function addresses(count: number): string[] {
    const port = server.address.split(":").at(-1);
    return Array.from({ length: count }, (_, i) => `127.1.${i >> 8}.${i & 255}:${port}`);
  }

  async function until(wanted: number): Promise<void> {
    for (const end = performance.now() + 10_000; held() !== wanted; await sleep(20)) {
      assert.ok(performance.now() < end, `${held()} connections are left, not ${wanted}`);
    }
  }

  it("hold no connection, however many there are; and connect again", async () => {
    const one = caller.client(service, server.address);
    assert.equal((await one.echo({ reason: "1" })).reason, "1");
    assert.equal(held(), 1);
    await until(0);
    assert.equal((await one.echo({ reason: "2" })).reason, "2");
    assert.equal(held(), 1);
  });

  it("hold the connection of a stream, and of calls in time", async () => {
    const one = caller.client(service, server.address);
    const stream = one.count({ reason: "" })[Symbol.asyncIterator]();
    await stream.next();
    await sleep(3 * idleMs);
    assert.equal(held(), 1);
    await stream.return?.(undefined);
    await until(0);
  });

  it("leave the server that they have chosen among several", async () => {
    const one = caller.client(service, [server.address, ...addresses(1)]);
    assert.equal((await one.echo({ reason: "1" })).reason, "1");
    await until(0);
    assert.equal((await one.echo({ reason: "2" })).reason, "2");
  });

  it("are closed with a using block or by hand, and calls under way go on", async () => {
    const [one, two] = [caller.client(service, server.address), caller.client(service, server.address)];
    const stream = one.count({ reason: "" })[Symbol.asyncIterator]();
    await stream.next();
    one[Symbol.dispose]();
    one[Symbol.dispose]();
    await assert.rejects(one.echo({ reason: "" }), { code: "CANCELLED", message: "The client has been closed." });
    assert.equal((await two.echo({ reason: "2" })).reason, "2");
    two[Symbol.dispose]();
    await stream.return?.(undefined);
    const three = caller.client(service, server.address);
    assert.equal((await three.echo({ reason: "3" })).reason, "3");
    assert.deepEqual(Object.keys(three).sort(), Object.keys(service.methods).sort());
  });

  it("leave nothing behind when they are closed: of 600 addresses, none is kept", () => {
    const connectors = createSharedConnectors();
    let closed = 0;
    const connector = { open: () => ({ channels: 1, calls: 0 }), close: () => closed++ };
    const leases = Array.from({ length: 600 }, (_, i) => connectors.lease(service, `${i}`, () => connector as never));
    assert.deepEqual([connectors.size, connectors.channels], [600, 600]);
    for (const { release } of leases) release();
    assert.deepEqual([connectors.size, connectors.channels, closed], [0, 0, 600]);
  });
});

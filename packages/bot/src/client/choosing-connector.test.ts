import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { InterlockError } from "../base/error.js";
import type { Bot } from "../bot.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";
import type { Place } from "./place.js";

const service = { ...EchoService, servedBy: ["echo/*"] };

describe("a client with several places to choose from", () => {
  let fleet: TestFleet;
  let places: Place[];
  let lookUps: number;
  let directory: () => Promise<readonly Place[]>;
  let caller: Bot;
  const bots: Bot[] = [];
  const silent: Server[] = [];

  beforeEach(async () => {
    fleet = await createTestFleet();
    places = [];
    lookUps = 0;
    directory = async () => places;
    const locate = () => {
      lookUps++;
      return directory();
    };
    caller = await fleet.bot("caller/1", undefined, { locate });
    bots.push(caller);
  });
  afterEach(async () => {
    await Promise.all(bots.splice(0).map((bot) => bot.close(0)));
    for (const server of silent.splice(0)) server.close();
  });

  /** A server that tells its own word; its name in the fleet is `name`. */
  async function serve(word: string, name = `echo/${word}`) {
    const bot = await fleet.bot(name);
    const server = await bot.serve({ port: 0 }, (routes) =>
      routes.add(service, {
        echo: () => ({ reason: word }),
        async *count(_request, { signal }) {
          yield { reason: word };
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
        },
        join: () => ({}),
        async *chat() {},
        open: () => ({}),
        reset: () => ({}),
      }),
    );
    bots.push(bot);
    return { bot, server, place: { address: server.address, servers: [name] } };
  }

  /** A port that takes connections and says nothing. */
  async function mute(): Promise<string> {
    const server = createServer((socket) => socket.on("error", () => {}));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    silent.push(server);
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  const wordOf = async (client: { echo(request: object): Promise<{ reason: string }> }) =>
    (await client.echo({})).reason;

  it("uses the first address that serves, and stays there until it is gone", async () => {
    const [one, two] = [await serve("one"), await serve("two")];
    const client = caller.client(service, ["127.0.0.1:1", one.server.address, two.server.address]);
    assert.deepEqual([await wordOf(client), await wordOf(client)], ["one", "one"]);
    await one.bot.close(0);
    await eventually(async () => assert.equal(await wordOf(client), "two"));
  });

  it("finds a service by its name alone, and goes where it moves, without a failed call", async () => {
    const one = await serve("one");
    places = [one.place];
    const client = caller.client(service);
    assert.equal(await wordOf(client), "one");
    assert.equal(await wordOf(client), "one");
    assert.equal(lookUps, 1);
    const two = await serve("two");
    places = [two.place, one.place];
    one.server.setHealth(service.name, false); // It drains: the watch tells before it closes.
    await eventually(async () => assert.equal(await wordOf(client), "two"));
  });

  it("leaves streams where they began", async () => {
    const [one, two] = [await serve("one"), await serve("two")];
    places = [one.place];
    const client = caller.client(service);
    const ending = new AbortController();
    const stream = client.count({}, { signal: ending.signal })[Symbol.asyncIterator]();
    assert.equal((await stream.next()).value?.reason, "one");
    places = [two.place];
    one.server.setHealth(service.name, false);
    await eventually(async () => assert.equal(await wordOf(client), "two"));
    const ended = assert.rejects(stream.next(), { code: "CANCELLED" });
    assert.equal(one.server.open().calls, 1);
    ending.abort();
    await ended;
  });

  it("passes by what is not there, says nothing, is another bot, or does not serve now", async () => {
    const [one, other, idle] = [await serve("one"), await serve("other", "mallory/1"), await serve("idle")];
    idle.server.setHealth(service.name, false);
    places = [
      { address: "127.0.0.1:1", servers: ["echo/gone"] },
      { address: await mute(), servers: ["echo/mute"] },
      { address: other.server.address, servers: ["echo/7"] }, // A liar: the address of another bot.
      other.place, // The directory is wrong: that bot does not match served_by.
      idle.place,
      one.place,
    ];
    const began = performance.now();
    assert.equal(await wordOf(caller.client(service)), "one");
    assert.ok(performance.now() - began < 2_500, "the silent one is not waited for");
  });

  it("asks nobody but the expected bots", async () => {
    const other = await serve("other", "mallory/1");
    places = [other.place];
    await rejects(caller.client(service).echo({}), "NOT_FOUND", /No bot of echo\/\* serves test\.EchoService now/);
    places = [{ address: other.server.address, servers: [] }];
    await rejects(caller.client(service, { server: "echo/1" }).echo({}), "NOT_FOUND", /No bot of echo\/1/);
    assert.throws(() => caller.client(EchoService), /does not say which bots may serve it: add served_by/);
    assert.equal(fleet.recorder.take().length, 0);
  });

  it("says what is wrong with each place when none serves", async () => {
    const idle = await serve("idle");
    idle.server.setHealth(service.name, false);
    places = [idle.place, { address: "127.0.0.1:1", servers: ["echo/gone"] }];
    const message = /echo\/gone at 127\.0\.0\.1:1 \(reached from its own machine only\): /;
    await rejects(caller.client(service).echo({}), "UNAVAILABLE", message);
    await rejects(caller.client(service).echo({}), "UNAVAILABLE", /test\.EchoService is not serving now/);
  });

  it("uses what it knew while the directory is away, and not what the directory refuses", async () => {
    const [one, two] = [await serve("one"), await serve("two")];
    places = [one.place, two.place];
    const client = caller.client(service);
    const first = await wordOf(client);
    directory = () => Promise.reject(new InterlockError("UNAVAILABLE", "the authority is away"));
    await (first === "one" ? one : two).bot.close(0);
    await eventually(async () => assert.notEqual(await wordOf(client), first));
    directory = () => Promise.reject(new InterlockError("PERMISSION_DENIED", "not granted"));
    await rejects(caller.client(service, { server: "echo/two" }).echo({}), "PERMISSION_DENIED", /not granted/);
  });

  it("asks the directory once for many calls, and waits after a failure before it asks again", async () => {
    const one = await serve("one");
    const client = caller.client(service);
    await Promise.allSettled(Array.from({ length: 50 }, () => client.echo({})));
    await Promise.allSettled(Array.from({ length: 50 }, () => client.echo({})));
    assert.ok(lookUps <= 2, `${lookUps} look-ups`);
    places = [one.place];
    await eventually(async () => assert.equal(await wordOf(client), "one"));
    lookUps = 0;
    const words = await Promise.all(Array.from({ length: 50 }, () => wordOf(client)));
    assert.deepEqual([new Set(words).size, lookUps], [1, 0]);
  });

  it("leaves a machine that vanishes, after the first call that times out there", async () => {
    const [one, two] = [await serve("one"), await serve("two")];
    const gate = await pausingProxy(one.server.port);
    silent.push(gate.server);
    const client = caller.client(service, [gate.address, two.server.address]);
    assert.equal(await wordOf(client), "one");
    gate.pause();
    await rejects(client.echo({}, { timeoutMs: 200 }), "DEADLINE_EXCEEDED", /./);
    await eventually(async () => {
      assert.equal((await client.echo({}, { timeoutMs: 500 })).reason, "two");
    });
    gate.end();
  });

  it("refuses addresses that cannot be dialed, and too many", () => {
    for (const [given, problem] of [
      ["arm.local", /has no port/],
      ["https://arm.local", /a URL is not an address/],
      [[], /1 to 16 addresses/],
      [["a:1", "b"], /has no port/],
      [Array.from({ length: 17 }, (_, i) => `a:${i + 1}`), /1 to 16 addresses, not 17/],
    ] as const) {
      assert.throws(() => caller.client(service, given), { code: "INVALID_ARGUMENT", message: problem });
    }
    caller.client(
      service,
      Array.from({ length: 16 }, (_, i) => `a:${i + 1}`),
    );
  });

  it("dials DNS names and IPv6 addresses, with a zone, too", async () => {
    const bot = await fleet.bot("echo/6");
    bots.push(bot);
    const routes = {
      echo: () => ({ reason: "six" }),
      count: never,
      join: () => ({}),
      chat: never,
      open: () => ({}),
      reset: () => ({}),
    };
    const server = await bot.serve({ port: 0, host: "::" }, (add) => add.add(service, routes));
    for (const address of [
      `dns:///localhost:${server.port}`,
      `localhost:${server.port}`,
      `[::1]:${server.port}`,
      `[::1%lo]:${server.port}`,
    ]) {
      assert.equal(await wordOf(caller.client(service, address)), "six", address);
    }
  });

  it("needs an authority to find a service by its name", async () => {
    const alone = await fleet.bot("caller/2");
    bots.push(alone);
    assert.throws(() => alone.client(service), /has no authority: give the address/);
  });

  it("ends what it began when the bot closes", async () => {
    const one = await serve("one");
    places = [one.place];
    await wordOf(caller.client(service));
    assert.equal(one.server.open().connections, 1);
    await caller.close(0);
    await eventually(async () => assert.equal(one.server.open().connections, 0));
  });
});

async function* never(): AsyncGenerator<object> {}

async function rejects(call: Promise<unknown>, code: string, message: RegExp): Promise<void> {
  await assert.rejects(call, { code, message });
}

/** A way to a port that can become silent, as a machine that has lost its power is. */
async function pausingProxy(port: number) {
  const sockets = new Set<Socket>();
  let paused = false;
  const server = createServer((socket) => {
    const ends = paused ? [socket] : [socket, connect(port, "127.0.0.1")];
    for (const end of ends) {
      sockets.add(end);
      end.on("error", () => {}).on("close", () => sockets.delete(end));
    }
    const [near, far] = ends;
    near?.on("data", (data) => paused || far?.write(data));
    far?.on("data", (data) => paused || near?.write(data));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    server,
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    pause() {
      paused = true;
    },
    end() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Repeats until it holds, for 10 s at most. */
async function eventually(holds: () => Promise<void>): Promise<void> {
  const end = performance.now() + 10_000;
  for (;;) {
    try {
      return await holds();
    } catch (error) {
      if (performance.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

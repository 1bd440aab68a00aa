import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { startResetting } from "../testing/resetting-server.js";
import { runLimited } from "../testing/run-limited.js";
import { startDeaf } from "../testing/start-deaf.js";
import { type DiscoverOptions, discover, type OpenPort, type Progress } from "./discover.js";
import { readListeners } from "./read-listeners.js";
import type { PortRange, ScanHost } from "./target.js";

const host = (address: string, ...ports: readonly PortRange[]): ScanHost => ({ host: address, address, ports });
const near = (port: number): PortRange => ({ from: Math.max(1, port - 20), to: Math.min(65_535, port + 20) });
/** An address of this machine at which no other test listens: a scan of a range must not disturb another test's server. */
const ownHost = "127.77.0.1";
const only = (port: number): PortRange => ({ from: port, to: port });

async function readAll(hosts: readonly ScanHost[], options: DiscoverOptions = {}): Promise<OpenPort[]> {
  const all: OpenPort[] = [];
  for await (const port of discover(hosts, options)) all.push(port);
  return all;
}

describe("discover", () => {
  const servers: Server[] = [];
  const stops: (() => unknown)[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) server.close();
    for (const stop of stops.splice(0)) await stop();
  });
  async function listen(options: { readonly host: string; readonly ipv6Only?: boolean }): Promise<number> {
    const server = createServer((socket) => socket.on("error", () => {})).listen({ port: 0, ...options });
    servers.push(server);
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  }

  it("finds listeners on IPv4, on IPv6 and on both, each at the addresses where it answers", async () => {
    const planted = {
      v4: await listen({ host: "127.0.0.1" }),
      all4: await listen({ host: "0.0.0.0" }),
      v6: await listen({ host: "::1" }),
      dual: await listen({ host: "::" }),
      only6: await listen({ host: "::", ipv6Only: true }),
    };
    const at = async (address: string) => {
      const found = await readAll(Object.values(planted).map((port) => host(address, only(port))));
      return new Set(found.map(({ port }) => port));
    };
    const [v4, v6] = [await at("127.0.0.1"), await at("::1")];
    const answers = Object.entries(planted).map(([name, port]) => [name, v4.has(port), v6.has(port)]);
    assert.deepEqual(answers, [
      ["v4", true, false],
      ["all4", true, false],
      ["v6", false, true],
      ["dual", true, true],
      ["only6", false, true],
    ]);
  });

  it("tells the host as it was asked for, and each port once", async () => {
    const port = await listen({ host: "127.0.0.1" });
    const hosts = [{ host: "arm.local", address: "127.0.0.1", ports: [only(port)] }];
    assert.deepEqual(await readAll(hosts), [{ host: "arm.local", address: "127.0.0.1", port }]);
    assert.deepEqual(await readAll([]), []);
  });

  it("finds a listener that resets each connection at once", async () => {
    for (const endsFirst of [false, true]) {
      const { port, stop } = await startResetting(endsFirst);
      stops.push(stop);
      assert.deepEqual((await readAll([host("127.0.0.1", only(port))])).length, 1);
    }
  });

  it("counts a listener with a full queue as silent, and one whose queue the scan itself has filled as open", async function () {
    if (process.platform !== "linux") this.skip(); // The length of the queue is another elsewhere.
    for (const [free, open, silent] of [
      [0, 0, 1],
      [1, 1, 0],
    ] as const) {
      const { port, stop } = await startDeaf(free);
      stops.push(stop);
      let last: Progress | undefined;
      const onProgress = (progress: Progress) => {
        last = progress;
      };
      const found = await readAll([host("127.0.0.1", only(port))], { timeoutMs: 150, onProgress });
      assert.equal(found.length, open);
      assert.deepEqual(last, { done: 1, total: 1, open, silent });
    }
  });

  it("finds in two threads what it finds in one, and tells how far it has come", async function () {
    if (process.platform !== "linux") this.skip(); // Elsewhere 127.0.0.1 is the only address of its kind.
    const ports = [await listen({ host: ownHost }), await listen({ host: ownHost })];
    const hosts = ports.map((port, i) => host(`127.77.0.${i + 1}`, near(port), only(i + 1)));
    for (const threads of [1, 2]) {
      const told: Progress[] = [];
      const found = await readAll(hosts, { threads, onProgress: (progress) => told.push(progress) });
      assert.ok(found.some(({ address, port }) => address === ownHost && port === ports[0]));
      assert.ok(found.every(({ address, port }) => address === ownHost || port !== ports[0]));
      const total = 84;
      assert.deepEqual(told.at(-1), { done: total, total, open: found.length, silent: 0 });
      assert.ok(told.every(({ done }, i) => done >= (told[i - 1]?.done ?? 0)));
    }
  });

  it("starts no more a second than it may", async () => {
    const began = performance.now();
    await readAll([host("127.0.0.1", { from: 1, to: 12 })], { perSecond: 50 });
    const tookMs = performance.now() - began;
    assert.ok(tookMs >= 215, `${tookMs} ms`); // 11 intervals of 20 ms, as the clock counts them.
  });

  it("ends when the reader stops, and when the signal aborts", async () => {
    const deaf = await startDeaf(0);
    stops.push(deaf.stop);
    const port = await listen({ host: "127.0.0.1" });
    const hosts = [host("127.0.0.1", only(deaf.port)), host("127.0.0.1", only(port))];
    for (const threads of [1, 2]) {
      for await (const found of discover(hosts, { timeoutMs: 60_000, threads })) {
        assert.equal(found.port, port);
        break;
      }
      const aborting = new AbortController();
      const reason = new Error("enough");
      const onProgress = () => aborting.abort(reason);
      const options = { timeoutMs: 60_000, threads, onProgress, signal: aborting.signal };
      await assert.rejects(readAll(hosts, options), reason);
      await assert.rejects(readAll(hosts, { signal: AbortSignal.abort(reason), threads }), reason);
    }
  });

  it("fails with what the listener to its progress throws", async () => {
    const fault = new Error("the terminal is gone");
    const onProgress = () => {
      throw fault;
    };
    for (const threads of [1, 2])
      await assert.rejects(readAll([host("127.0.0.1", only(9))], { threads, onProgress }), fault);
  });

  const wrong: readonly (readonly [options: DiscoverOptions, message: RegExp])[] = [
    [{ perSecond: 0 }, /^perSecond is 0, and must be a whole number from 1 to 1000000$/],
    [{ concurrency: 4_097 }, /^concurrency is 4097/],
    [{ timeoutMs: 1.5 }, /^timeoutMs is 1\.5/],
    [{ patienceMs: Number.NaN }, /^patienceMs is NaN/],
    [{ threads: 17 }, /^threads is 17/],
    [{ threads: 2, perSecond: 10 }, /^threads is for a scan without perSecond$/],
  ];
  for (const [options, message] of wrong) {
    it(`refuses ${Object.entries(options)
      .map((each) => each.join(" = "))
      .join(" and ")}`, async () => {
      await assert.rejects(readAll([host("127.0.0.1", only(9))], options), { name: "RangeError", message });
    });
  }

  it("loses no port where few files may be open", async function () {
    if (process.platform === "win32") this.skip();
    const planted = await Promise.all(Array.from({ length: 5 }, () => listen({ host: "127.0.0.1" })));
    const ports = ["1-2000", ...planted].join(",");
    for (const threads of [1, 2]) {
      const { found, silent, error } = await runLimited("ulimit -n 40", ports, { concurrency: 1_024, threads });
      assert.deepEqual([error, silent], [undefined, 0]);
      assert.deepEqual(
        planted.filter((port) => !found.includes(port)),
        [],
      );
    }
  });

  it("finds every port that the kernel lists", async function () {
    if (process.platform === "linux") for (let i = 0; i < 20; i++) await listen({ host: ownHost });
    const before = await readListeners();
    if (!before) this.skip();
    const found = new Set((await readAll([host(ownHost, { from: 1, to: 65_535 })])).map(({ port }) => port));
    const after = await readListeners();
    const isThere = (listeners = before) => {
      const answering = listeners.filter(({ address }) => [ownHost, "0.0.0.0"].includes(address));
      return new Set(answering.map(({ port }) => port));
    };
    const missed = [...isThere(before)].filter((port) => isThere(after).has(port) && !found.has(port));
    assert.deepEqual(missed, []);
    assert.ok(isThere().size >= 20);
  });
});

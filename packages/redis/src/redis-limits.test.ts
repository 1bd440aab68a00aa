import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import type { CreateRateLimiter } from "@interlock/bot";
import { freePort } from "@interlock/testing-processes";
import { type RedisServer, startRedis } from "@interlock/testing-redis";
import type { LimitsState } from "./link.js";
import type { RedisLimitsOptions } from "./options.js";
import { type RedisLimits, redisLimits } from "./redis-limits.js";
import { describeRedis } from "./testing/describe-redis.js";
import { type RecordedLog, recordLog } from "./testing/record-log.js";

const rate = { perSecond: 0.001, burst: 4 };

describeRedis("limits over Redis", function () {
  this.timeout(30_000);

  let redis: RedisServer;
  let log: RecordedLog;
  const opened: RedisLimits[] = [];
  beforeEach(async () => {
    redis = await startRedis();
    log = recordLog();
  });
  afterEach(async () => {
    redis.thaw();
    await Promise.all(opened.splice(0).map((limits) => limits.close()));
    await redis.stop();
  });

  async function open(options: Partial<RedisLimitsOptions> = {}): Promise<RedisLimits> {
    const limits = await redisLimits({ url: redis.url, prefix: "test", timeoutMs: 5_000, log, ...options });
    opened.push(limits);
    return limits;
  }

  /** Resolves once the limits are in a state. */
  async function become({ state }: RedisLimits, wanted: LimitsState): Promise<void> {
    if (state.current() === wanted) return;
    await new Promise<void>((resolve) => {
      const stop = state.onChange((now) => {
        if (now !== wanted) return;
        stop();
        resolve();
      });
    });
  }

  const messages = () => log.lines.map(([message]) => message);
  const take = async ({ createLimiter }: { createLimiter: CreateRateLimiter }, times: number, key = "bot/1") => {
    const limiter = createLimiter(rate, "caller");
    let allowed = 0;
    for (let i = 0; i < times; i++) if ((await limiter.take(key, Date.now())) === 0) allowed++;
    return allowed;
  };

  it("are held together by all that have the same prefix, and by nobody else", async () => {
    const [one, two, other] = [await open(), await open(), await open({ prefix: "other" })];
    assert.equal(await take(one, 3), 3);
    assert.equal(await take(two, 3), 1);
    assert.equal(await take(two, 3, "bot/2"), 3);
    assert.equal(await take(other, 9), 4);
    assert.deepEqual(messages(), []);
  });

  it("are within 5 % in one process while another one keeps tokens that it does not use", async () => {
    const many = { perSecond: 0.001, burst: 1_000 };
    const [idle, busy] = [await open(), await open()];
    assert.equal(await idle.createLimiter(many, "caller").take("a", Date.now()), 0);
    const limiter = busy.createLimiter(many, "caller");
    let allowed = 1;
    while ((await limiter.take("a", Date.now())) === 0) allowed++;
    assert.ok(allowed >= 950 && allowed < 1_000, `${allowed} of 1,000`);
  });

  it("give back at the end what they have not used", async () => {
    const many = { perSecond: 0.001, burst: 1_000 };
    const one = await open();
    assert.equal(await one.createLimiter(many, "caller").take("a", Date.now()), 0);
    await one.close();
    const two = (await open()).createLimiter(many, "caller");
    let allowed = 0;
    while ((await two.take("a", Date.now())) === 0) allowed++;
    assert.equal(allowed, 999);
  });

  it("wait once, all calls together, for a Redis that hangs, and are shared again when it goes on", async () => {
    const limits = await open({ timeoutMs: 200 });
    const limiter = limits.createLimiter(rate, "caller");
    redis.freeze();
    const calls = Array.from({ length: 200 }, (_, i) => limiter.take(`bot/${i}`, Date.now()));
    assert.ok(calls.every((call) => call instanceof Promise));
    assert.ok((await Promise.all(calls)).every((wait) => wait === 0));
    assert.equal(limits.state.current(), "alone");
    for (let i = 0; i < 9; i++) assert.equal(typeof limiter.take("bot/1", Date.now()), "number", "nobody waits now");
    assert.equal(typeof limiter.peek("bot/1", Date.now()), "object");
    assert.deepEqual(messages(), ["limits alone"]);
    assert.match(String(log.lines[0]?.[1].error), /^no answer within 200 ms$/);
    redis.thaw();
    await become(limits, "shared");
    assert.deepEqual(messages(), ["limits alone", "limits shared"]);
    const clients = async () => /connected_clients:(\d+)/.exec(await redis.ask("INFO", "clients"))?.[1];
    while ((await clients()) !== "2"); // Ours, and the one that asks: those before have been closed.
    await take(limits, 4, "new");
    assert.equal(await take(await open(), 4, "new"), 0);
  });

  it("hold each process to the whole limit by itself while Redis is gone", async () => {
    const [one, two] = [await open(), await open()];
    assert.equal(await take(one, 1), 1);
    await redis.kill();
    await Promise.all([become(one, "alone"), become(two, "alone")]);
    const [alone, other] = [one.createLimiter(rate, "caller"), two.createLimiter(rate, "caller")];
    for (const limiter of [alone, other]) {
      const waits = Array.from({ length: 6 }, () => limiter.take("bot/1", Date.now()));
      assert.deepEqual(
        waits.map((wait) => wait === 0),
        [true, true, true, true, false, false],
      );
    }
    await redis.restart();
    await Promise.all([become(one, "shared"), become(two, "shared")]);
    assert.deepEqual(messages().sort(), ["limits alone", "limits alone", "limits shared", "limits shared"]);
    assert.equal(await take(one, 3, "again"), 3);
    assert.equal(await take(two, 3, "again"), 1);
    // The limit that was held alone is not full again with each loss.
    await redis.kill();
    await become(one, "alone");
    assert.notEqual(alone.take("bot/1", Date.now()), 0);
  });

  it("refuse where that is wanted", async () => {
    const limits = await open({ whenDown: "refuse" });
    await redis.kill();
    await become(limits, "alone");
    assert.equal(limits.createLimiter(rate, "caller").take("bot/1", Date.now()), 1_000);
    assert.equal(log.lines[0]?.[1].whenDown, "refuse");
  });

  it("begin without Redis, and with one that never answers", async () => {
    await redis.kill();
    const limits = await open();
    assert.equal(limits.state.current(), "alone");
    assert.match(String(log.lines[0]?.[1].error), /ECONNREFUSED/);
    await redis.restart();
    await become(limits, "shared");
    const deaf = createServer(() => {}).listen(0, "127.0.0.1");
    await once(deaf, "listening");
    const url = `redis://127.0.0.1:${(deaf.address() as AddressInfo).port}`;
    assert.equal((await open({ url })).state.current(), "alone");
    deaf.close();
  });

  it("are alone, and say so once, for as long as Redis takes no writes", async () => {
    const limits = await open();
    await redis.ask("REPLICAOF", "127.0.0.1", String(await freePort()));
    assert.equal(await take(limits, 1), 1);
    assert.equal(limits.state.current(), "alone");
    const probes = async () =>
      Number(/cmdstat_script\|load:calls=(\d+)/.exec(await redis.ask("INFO", "commandstats"))?.[1]);
    while ((await probes()) < 4);
    assert.deepEqual(messages(), ["limits alone"]);
    assert.match(String(log.lines[0]?.[1].error), /READONLY/);
    await redis.ask("REPLICAOF", "NO", "ONE");
    await become(limits, "shared");
  });

  it("log in with a password, which no line shows", async () => {
    await redis.stop();
    redis = await startRedis({ password: "p@ss/w0rd" });
    assert.equal((await open()).state.current(), "shared");
    for (const url of [redis.url.replace("w0rd", "wr0ng"), `redis://127.0.0.1:${redis.port}`]) {
      assert.equal((await open({ url })).state.current(), "alone");
    }
    assert.deepEqual(messages(), ["limits alone", "limits alone"]);
    assert.match(String(log.lines[0]?.[1].error), /WRONGPASS/);
    assert.match(String(log.lines[1]?.[1].error), /NOAUTH/);
    assert.doesNotMatch(JSON.stringify(log.lines), /p@ss|p%40ss|wr0ng/);
  });

  it("do not show a password that a server sends back", async () => {
    const parrot = createServer((socket) => {
      socket.on("error", () => {}).on("data", (data) => socket.write(`-ERR ${String(data).replace(/\s+/g, " ")}\r\n`));
    }).listen(0, "127.0.0.1");
    await once(parrot, "listening");
    const { port } = parrot.address() as AddressInfo;
    await open({ url: `redis://:p%40ssw0rd@127.0.0.1:${port}` });
    parrot.close();
    assert.match(JSON.stringify(log.lines), /AUTH.*\*\*\*/i);
    assert.doesNotMatch(JSON.stringify(log.lines), /p@ss|p%40ss/);
  });

  it("need of Redis what the README says, and nothing else", async () => {
    const rights = ["+evalsha", "+script|load", "+time", "+get", "+set", "+del", "~test:*"];
    await redis.ask("ACL", "SETUSER", "bot", "on", ">secret", ...rights);
    const limits = await open({ url: `redis://bot:secret@127.0.0.1:${redis.port}` });
    assert.equal(limits.state.current(), "shared", JSON.stringify(log.lines));
    assert.equal(await take(limits, 9), 4);
    await limits.close();
    assert.deepEqual(messages(), []);
  });

  it("are refused with options that cannot be right", async () => {
    for (const wrong of [
      { prefix: "" },
      { prefix: "a:b" },
      { timeoutMs: 0 },
      { timeoutMs: Number.NaN },
      { whenDown: "allow" as never },
      { url: "http://h" },
    ]) {
      await assert.rejects(open(wrong), { code: "INVALID_ARGUMENT" }, JSON.stringify(wrong));
    }
  });
});

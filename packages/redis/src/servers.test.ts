import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { certificatesToPem, silentLog } from "@interlock/bot";
import { createTestCa, createTestFleet, EchoService, serveEcho } from "@interlock/bot/testing";
import { makeTemporaryFolder } from "@interlock/testing-processes";
import { type RedisServer, startRedis } from "@interlock/testing-redis";
import { redisLimits } from "./redis-limits.js";
import { describeRedis } from "./testing/describe-redis.js";

describeRedis("two servers over one Redis", function () {
  this.timeout(30_000);

  let redis: RedisServer | undefined;
  const ends: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
    await redis?.stop();
  });

  it("answer 8, with the time to wait, once a bot has made the calls that it may make of both together", async () => {
    redis = await startRedis();
    const { url } = redis;
    const fleet = await createTestFleet();
    const caller = await fleet.bot("caller/1");
    ends.push(() => caller.close(0));
    const clients = [];
    for (let i = 0; i < 2; i++) {
      const { createLimiter, close } = await redisLimits({ url, prefix: "echo", timeoutMs: 10_000, log: silentLog });
      const options = { createLimiter, callerRate: { perSecond: 0.001, burst: 10 } };
      const server = await serveEcho(fleet, {}, options);
      ends.push(close, () => server.bot.close(0));
      clients.push(caller.client(EchoService, server.address));
    }
    for (let i = 0; i < 10; i++) assert.equal((await clients[i % 2]?.echo({ reason: `${i}` }))?.reason, `${i}`);
    for (const client of clients) {
      await assert.rejects(
        client.echo({}),
        (error: { code: string; reason: string; metadata: Record<string, string> }) => {
          assert.deepEqual([error.code, error.reason], ["RESOURCE_EXHAUSTED", "RATE_LIMITED"]);
          assert.ok(Number(error.metadata.retryAfterMs) > 900_000, error.metadata.retryAfterMs);
          return true;
        },
      );
    }
  });

  it("reach it over TLS, which is verified", async () => {
    const folder = makeTemporaryFolder("redis-tls");
    ends.push(() => folder.remove());
    const authority = await createTestCa();
    const { der, keys } = await authority.issueRaw({ dns: ["localhost"] });
    const [key, certificate] = [join(folder.path, "key.pem"), join(folder.path, "cert.pem")];
    writeFileSync(key, keys.privateKeyPem);
    writeFileSync(certificate, certificatesToPem([der]));
    redis = await startRedis({ password: "secret", tls: { key, certificate } });
    const errors: unknown[] = [];
    const log = {
      ...silentLog,
      warn: (_: string, fields = {}) => void errors.push((fields as { error: unknown }).error),
    };
    const url = redis.url.replace("127.0.0.1", "localhost");
    const ca = certificatesToPem([authority.der]);
    for (const [options, state] of [
      [{ url, ca }, "shared"],
      [{ url }, "alone"],
      [{ url: redis.url, ca }, "alone"],
    ] as const) {
      const limits = await redisLimits({ ...options, prefix: "tls", log });
      ends.push(limits.close);
      assert.equal(limits.state.current(), state, String(errors));
    }
    assert.match(String(errors), /unable to (get local issuer|verify the first).*,.*does not match/);
  });
});

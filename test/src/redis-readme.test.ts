import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { startAuthority } from "@interlock/authority";
import { joinFleet, silentLog } from "@interlock/bot";
import { makeTemporaryFolder } from "@interlock/testing-processes";
import { findRedis, startRedis } from "@interlock/testing-redis";

describe("packages/redis/README.md", () => {
  before(function () {
    if (!findRedis()) this.skip();
  });

  it("has an example that serves, and shows in its health whether the limits are shared", async () => {
    const folder = makeTemporaryFolder("redis-readme");
    const redis = await startRedis();
    const authority = await startAuthority({
      dataDir: join(folder.path, "authority"),
      trustDomain: "cafe",
      port: 0,
      log: silentLog,
    });
    const child = spawn(process.execPath, [join(import.meta.dirname, "readme/redis.js")], {
      cwd: folder.path,
      env: {
        ...process.env,
        REDIS_URL: redis.url,
        AUTHORITY: authority.address,
        JOIN_TOKEN: await authority.createJoinToken("gripper/1"),
      },
      stdio: ["ignore", "pipe", "ignore"],
    });
    const exit = once(child, "exit");
    const asker = await joinFleet({
      name: "asker/1",
      authority: authority.address,
      joinToken: await authority.createJoinToken("asker/1"),
      stateDir: join(folder.path, "asker"),
      log: silentLog,
    });
    try {
      const [address] = (await once(createInterface(child.stdout), "line")) as [string];
      const health = () => asker.health(address, { service: "interlock.limits" });
      assert.equal(await health(), "SERVING");
      await redis.kill();
      while ((await health()) === "SERVING") await sleep(10);
      await redis.restart();
      while ((await health()) !== "SERVING") await sleep(10);
      child.kill("SIGTERM");
      assert.deepEqual(await exit, [0, null]);
    } finally {
      child.kill("SIGKILL");
      await asker.close(0);
      await authority.close();
      await redis.stop();
      folder.remove();
    }
  });
});

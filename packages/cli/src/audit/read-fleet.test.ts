import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startAuthority } from "@interlock/authority";
import { type Bot, joinFleet, silentLog } from "@interlock/bot";
import { AdminService, AuthorityService } from "@interlock/bot/protocol";
import type { Session } from "../operator.js";
import { readFleet } from "./read-fleet.js";

const dayMs = 86_400_000;

describe("what the authority knows of its fleet", () => {
  it("is read completely: bots, processes, servers, usage by actors and by day", async () => {
    const folder = await mkdtemp(join(tmpdir(), "interlock-fleet-"));
    const authority = await startAuthority({
      dataDir: join(folder, "authority"),
      trustDomain: "cafe",
      port: 0,
      log: silentLog,
    });
    const bots: Bot[] = [];
    const joined = async (name: string) => {
      const joinToken = await authority.createJoinToken(name);
      const stateDir = join(folder, name);
      const bot = await joinFleet({ authority: authority.address, name, joinToken, stateDir, log: silentLog });
      bots.push(bot);
      return bot;
    };
    try {
      const client = (await joined("arm/1")).client(AuthorityService, authority.address);
      const now = Date.now();
      const report = {
        endpoints: [{ service: "a.B", address: "arm:1" }],
        instance: "one",
        startedAt: new Date(now - 9),
      };
      const call = { method: "a.B/C", caller: "spiffe://cafe/leader/1", actors: ["spiffe://cafe/gateway/1"] };
      const yesterday = new Date(now - dayMs);
      const usage = [
        { ...call, count: 2n, firstAt: yesterday, lastAt: yesterday },
        { ...call, count: 3n, firstAt: new Date(now), lastAt: new Date(now) },
      ];
      await client.report({ ...report, countedSince: report.startedAt, usage });
      const operator = await joined("operator/alice");
      const admin = operator.client(AdminService, authority.address);
      const session = { admin, bot: operator, authority: authority.address } as unknown as Session;

      const counting = await readFleet(session);
      const [server] = counting.servers.filter(({ bot }) => bot === "arm/1");
      assert.deepEqual(server, {
        bot: "arm/1",
        service: "a.B",
        firstAt: server?.firstAt,
        lastAt: server?.firstAt,
        uncountedAt: undefined,
      });
      const key = { bot: "arm/1", method: "a.B/C", caller: "leader/1", actors: ["gateway/1"], denial: "" };
      const isArm = ({ bot }: { bot: string }) => bot === "arm/1";
      assert.deepEqual(counting.usage.filter(isArm), [{ ...key, count: 5, firstAt: yesterday.getTime(), lastAt: now }]);
      assert.deepEqual(counting.days.filter(isArm), [
        { ...key, day: yesterday.toISOString().slice(0, 10), count: 2 },
        { ...key, day: new Date(now).toISOString().slice(0, 10), count: 3 },
      ]);
      assert.ok(counting.bots.some(({ name, joinedAt }) => name === "arm/1" && joinedAt !== undefined));
      assert.ok(counting.processes.some(({ bot, instance, online }) => isArm({ bot }) && instance === "one" && online));

      await client.report(report); // Without `counted_since`: it does not count.
      const record = (await readFleet(session)).servers.find(isArm);
      assert.ok(record?.uncountedAt !== undefined && record.uncountedAt >= now);
    } finally {
      await Promise.all(bots.map((bot) => bot.close(0)));
      await authority.close();
      await rm(folder, { recursive: true });
    }
  });
});

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startAuthority } from "@interlock/authority";
import { type Bot, joinFleet, silentLog } from "@interlock/bot";
import { AdminService } from "@interlock/bot/protocol";
import { SoakService } from "../gen/interlock/bench/v1/soak_interlock.js";
import { createConversations } from "./conversations.js";
import { rotateAll, shortestSoakMs } from "./rotate-all.js";
import type { Soak } from "./soak.js";
import { soakHandlers } from "./soak-handlers.js";

const bots = 4;
const leafTtlMs = 10_000;
const tokenTtlMs = 20_000;
const staleAfterMs = 3_000;

const grants = `grants:
  "robot/*":
    ${SoakService.name}: [soak:call]
`;

/**
 * Everything that a connection stands on is replaced again and again, under load: leaves by themselves, the CA twice from
 * its preparation to the withdrawal of the old root, the key that signs tokens twice. Every bot calls every other one, with
 * calls that are over at once and with streams that last from the beginning to the end. Nothing may fail.
 */
export const rotation: Soak = {
  summary: "leaves of 10 s, CA and token keys rotated under calls and long streams",
  async run({ durationMs, progress }) {
    if (durationMs < shortestSoakMs) {
      throw new Error(`Two rotations of a CA take their time: give --seconds ${shortestSoakMs / 1_000} or more.`);
    }
    const folder = await mkdtemp(join(tmpdir(), "interlock-soak-"));
    const options = { dataDir: join(folder, "authority"), trustDomain: "soak", port: 0, log: silentLog };
    const authority = await startAuthority({ ...options, leafTtlMs, tokenTtlMs, staleAfterMs });
    const joined: Bot[] = [];
    const enter = async (name: string): Promise<Bot> => {
      const joinToken = await authority.createJoinToken(name);
      const stateDir = join(folder, name);
      const bot = await joinFleet({ authority: authority.address, name, joinToken, stateDir, log: silentLog });
      joined.push(bot);
      return bot;
    };
    try {
      await authority.applyGrants(grants);
      const admin = (await enter("operator/soak")).client(AdminService, authority.address);
      const robots: Bot[] = [];
      for (let i = 1; i <= bots; i++) robots.push(await enter(`robot/${i}`));
      const leaves = countChanges(robots);
      const served = await Promise.all(
        robots.map(async (bot) => {
          const { address } = await bot.serve({ port: 0 }, (routes) => routes.add(SoakService, soakHandlers));
          return { bot, address };
        }),
      );
      const pairs = served.flatMap(({ bot }) =>
        served.filter((other) => other.bot !== bot).map(({ address }) => bot.client(SoakService, address)),
      );
      progress(`${bots} bots, ${pairs.length} pairs, ${durationMs / 1_000} s`);

      const load = createConversations(pairs, Date.now() + durationMs);
      const { failures: operatorFailures, ...rotations } = await rotateAll(admin, durationMs, progress);
      const { failures: loadFailures, ...counts } = await load.finished;
      const failures = [...operatorFailures, ...loadFailures];
      const failed = failures.length;
      const renewals = leaves();
      const complete = rotations.ca === 2 && rotations.tokenKey === 2;
      const whole = counts.longStreams === 2 * pairs.length;
      // Each leaf lives ten seconds, and is renewed at half of that.
      const renewed = renewals >= (bots * durationMs) / leafTtlMs;
      const ok = failed === 0 && complete && whole && renewed;
      const json = {
        seconds: durationMs / 1_000,
        bots,
        ...counts,
        renewals,
        rotations,
        failed,
        failures: failures.slice(0, 20),
      };
      return { ok, json, text: describe(json, ok) };
    } finally {
      await Promise.all(joined.map((bot) => bot.close(0)));
      await authority.close();
      await rm(folder, { recursive: true, force: true });
    }
  },
};

function countChanges(robots: readonly Bot[]): () => number {
  let count = 0;
  for (const { identity } of robots) identity.onChange(() => count++);
  return () => count;
}

function describe(json: Record<string, unknown>, ok: boolean): string {
  const lines = Object.entries(json).map(([key, value]) => `${key.padEnd(14)}${JSON.stringify(value)}`);
  return `${lines.join("\n")}\n${ok ? "ok" : "NOT OK"}\n`;
}

import { join } from "node:path";
import { startAuthority } from "@interlock/authority";
import { type Bot, joinFleet, silentLog } from "@interlock/bot";
import { AdminService } from "@interlock/bot/protocol";
import { makeTemporaryFolder } from "@interlock/testing-processes";
import { SoakService } from "../gen/interlock/bench/v1/soak_interlock.js";
import { type Account, createConversations } from "./conversations.js";
import { describe } from "./describe.js";
import { plannedRotations, type Rotations, rotateAll, shortestSoakMs } from "./rotate-all.js";
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
 * Replaces everything that a connection depends on, under load: leaves by themselves, the CA twice from its preparation to the
 * withdrawal of the old root, the key that signs tokens twice. Every bot calls every other one, with unary calls and with
 * streams that last from the beginning to the end. Nothing may fail.
 */
export const rotation: Soak = {
  summary: "leaves of 10 s, CA and token keys rotated under calls and long streams",
  start({ durationMs, progress }) {
    if (durationMs < shortestSoakMs) {
      throw new Error(`Two rotations of a CA need more time: give --seconds ${shortestSoakMs / 1_000} or more.`);
    }
    const trial: Trial = { rotations: { ca: 0, tokenKey: 0, failures: [] }, account: noAccount, pairs: 0, renewals: 0 };
    return {
      parts: [...Array.from({ length: plannedRotations }, (_, i) => rotationPart(i + 1)), loadPart],
      measure: (done) => runTrial(trial, durationMs, progress, done),
      result() {
        const { rotations, renewals, pairs } = trial;
        const { failures: loadFailures, ...counts } = trial.account();
        const failures = [...rotations.failures, ...loadFailures];
        const failed = failures.length;
        const complete = rotations.ca === plannedRotations && rotations.tokenKey === plannedRotations;
        const whole = counts.longStreams === 2 * pairs;
        // Each leaf is valid for ten seconds and is renewed at half of that.
        const renewed = renewals >= (bots * durationMs) / leafTtlMs;
        const ok = failed === 0 && complete && whole && renewed;
        const json = {
          seconds: durationMs / 1_000,
          bots,
          ...counts,
          renewals,
          rotations: { ca: rotations.ca, tokenKey: rotations.tokenKey },
          failed,
          failures: failures.slice(0, 20),
        };
        return { ok, json, text: describe(json, ok) };
      },
    };
  },
};

/** The counts of one trial so far. */
interface Trial {
  readonly rotations: Rotations;
  account: () => Account;
  /** The number of pairs of a caller and a called bot. */
  pairs: number;
  /** The number of leaves that were renewed. */
  renewals: number;
}

const loadPart = "calls and streams to their end";

function rotationPart(ca: number): string {
  return `rotation ${ca} of the CA`;
}

function noAccount(): Account {
  return { calls: 0, longStreams: 0, shortStreams: 0, messages: 0, failures: [] };
}

async function runTrial(
  trial: Trial,
  durationMs: number,
  progress: (line: string) => void,
  done: (part: string) => void,
): Promise<void> {
  const temporary = makeTemporaryFolder("soak");
  const folder = temporary.path;
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
    for (const { identity } of robots) identity.onChange(() => trial.renewals++);
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
    trial.pairs = pairs.length;

    const load = createConversations(pairs, Date.now() + durationMs);
    trial.account = load.account;
    await rotateAll(admin, durationMs, progress, trial.rotations, (ca) => done(rotationPart(ca)));
    await load.finished;
    done(loadPart);
  } finally {
    await Promise.all(joined.map((bot) => bot.close(0)));
    await authority.close();
    temporary.remove();
  }
}

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { AuthorityOptions } from "@interlock/authority";
import { type Bot, type Client, joinFleet, silentLog } from "@interlock/bot";
import { forkProcess, makeTemporaryFolder } from "@interlock/testing-processes";
import type { AuthorityAnswer, AuthorityAsk } from "../authority-process.js";
import { OutageService } from "../gen/interlock/bench/v1/soak_interlock.js";
import { describe } from "./describe.js";
import { type FailedCall, failureOf, type OutageLoad, startOutageLoad } from "./outage-load.js";
import type { Soak } from "./soak.js";

/** The outage for which the defaults are made, in milliseconds: everything else is given for one so long. */
const usualMs = 600_000;

const lifetimes = { leafTtlMs: 3_600_000, tokenTtlMs: 600_000, staleAfterMs: 60_000 };

/** The part of the outage in which no call of low or medium risk fails: five minutes of ten. */
const unnoticedMs = 300_000;

/** Tokens have whole seconds, and are not used in their last one: a short token loses that much more of its life. */
const roundingMs = 3_000;

/** The part of a token's life before the outage: a token that was only used before that has expired when it is used again. */
const leadPart = 0.75;

/** The time in which everything works again after the outage. */
const recoveryMs = 5_000;

/** The shortest outage: trust cannot be stale earlier than after a second. */
export const shortestOutageMs = 10_000;

const grants = `grants:
  "robot/*":
    ${OutageService.name}: [outage:call]
`;

/**
 * `npm run soak -- outage`: the authority is killed under load, and comes back at the same address after the given time. With
 * 600 s every lifetime is the default; with another time all of them are scaled by it.
 */
export const outage: Soak = {
  summary: "SIGKILL of the authority for so long; nothing of low or medium risk fails for the first half of it",
  start({ durationMs, progress }) {
    if (durationMs < shortestOutageMs) {
      throw new Error(`Trust is fresh for longer than that: give --seconds ${shortestOutageMs / 1_000} or more.`);
    }
    const trial: Trial = { load: undefined, killedAt: 0, backAt: 0, recoveredMs: undefined, once: [], started: [] };
    return {
      parts: ["the outage", "the recovery"],
      measure: (done) => runTrial(trial, durationMs, progress, done),
      result: () => judge(trial, durationMs),
    };
  },
};

interface Trial {
  load: OutageLoad | undefined;
  /** The address of the authority. */
  address?: string;
  /** When the authority was killed, and when it was back; milliseconds since the epoch. */
  killedAt: number;
  backAt: number;
  /** How long it took until every kind of call had succeeded again. */
  recoveredMs: number | undefined;
  /** What became of the calls of clients that are used now and then, at the end of the unnoticed time. */
  readonly once: (FailedCall | undefined)[];
  /** What became of the calls to and from a bot that was started in the outage. */
  readonly started: (FailedCall | undefined)[];
}

function judge({ load, address, killedAt, backAt, recoveredMs, once, started }: Trial, durationMs: number) {
  const quietMs = (unnoticedMs * durationMs) / usualMs;
  const failed = load?.failed ?? [];
  const early = failed.filter(({ risk, at }) => risk !== "high" && at < killedAt + quietMs);
  const late = failed.filter(({ at }) => backAt > 0 && at > backAt + recoveryMs);
  const before = failed.filter(({ at }) => at < killedAt);
  const [served, asked] = started;
  const all = [...failed, ...once, asked].filter((call) => call !== undefined);
  const unclear = all.filter(({ reason, authority }) => !told.has(reason) || authority !== address);
  const rare = once.filter((call) => call !== undefined);
  const ok =
    load !== undefined &&
    Math.min(...Object.values(load.succeeded)) > 0 &&
    [early, late, before, unclear, rare].every(({ length }) => length === 0) &&
    failed.some(({ risk }) => risk === "high") &&
    started.length === 2 &&
    served === undefined &&
    asked?.reason === "AUTHORITY_UNREACHABLE" &&
    recoveredMs !== undefined &&
    recoveredMs <= recoveryMs;
  const json = {
    seconds: durationMs / 1_000,
    unnoticedSeconds: quietMs / 1_000,
    succeeded: load?.succeeded,
    failed: countBy(failed, ({ risk, reason }) => `${risk} ${reason}`),
    firstFailureSeconds: firstOf(failed, killedAt),
    failedWhileUnnoticed: early.length + rare.length,
    failedAfterRecovery: late.length,
    withoutTheAuthority: unclear.length,
    startedInTheOutage: { served: served === undefined, asked: asked?.reason },
    recoveredMs,
    failures: [...early, ...late, ...unclear, ...rare].slice(0, 10).map(({ message }) => message),
  };
  return { ok, json, text: describe(json, ok) };
}

const told: ReadonlySet<string> = new Set(["AUTHORITY_UNREACHABLE", "TRUST_STALE"]);

function countBy<T>(all: readonly T[], key: (one: T) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const one of all) counts[key(one)] = (counts[key(one)] ?? 0) + 1;
  return counts;
}

/** The seconds from the beginning of the outage to the first failure of each risk. */
function firstOf(failed: readonly FailedCall[], killedAt: number): Record<string, number> {
  const first: Record<string, number> = {};
  for (const { risk, at } of failed) first[risk] ??= Math.round((at - killedAt) / 100) / 10;
  return first;
}

async function runTrial(
  trial: Trial,
  durationMs: number,
  progress: (line: string) => void,
  done: (part: string) => void,
): Promise<void> {
  const temporary = makeTemporaryFolder("outage");
  const scale = durationMs / usualMs;
  const scaled = {
    leafTtlMs: lifetimes.leafTtlMs * scale,
    tokenTtlMs: Math.min(lifetimes.tokenTtlMs, lifetimes.tokenTtlMs * scale + roundingMs),
    staleAfterMs: lifetimes.staleAfterMs * scale,
  };
  const open: { close(graceMs?: number): Promise<void> }[] = [];
  let authority = startProcess();
  try {
    const dataDir = join(temporary.path, "authority");
    const options: Options = { dataDir, trustDomain: "outage", port: 0, ...scaled };
    const { address } = await authority.ask({ do: "start", options });
    const port = Number(address.split(":").at(-1));
    trial.address = address;
    await authority.ask({ do: "apply", grants });
    const stateDir = (name: string) => join(temporary.path, name);
    async function enter(name: string): Promise<Bot> {
      const { joinToken } = await authority.ask({ do: "invite", name });
      return joinFleet({ authority: address, name, joinToken, stateDir: stateDir(name), log: silentLog });
    }

    const served: { bot: Bot; address: string }[] = [];
    for (let i = 1; i <= 3; i++) {
      const bot = await enter(`robot/${i}`);
      open.push(bot);
      served.push({ bot, address: await serve(bot) });
    }
    await (await enter("robot/late")).close(0);

    const rare = await enter("robot/rare");
    open.push(rare);
    const [first] = served as [{ bot: Bot; address: string }];
    const now = rare.client(OutageService, first.address);
    await now.low({ number: 1 });
    await now.medium({ number: 1 });

    trial.load = startOutageLoad(pairsOf(served));
    progress(
      `${served.length} bots under load; the authority is killed in ${Math.round((scaled.tokenTtlMs * leadPart) / 1_000)} s`,
    );
    await sleep(scaled.tokenTtlMs * leadPart);
    await authority.kill();
    trial.killedAt = Date.now();
    const until = (ms: number) => sleep(Math.max(0, trial.killedAt + ms - Date.now()));

    // Early: a bot that starts without the authority waits for it first.
    await until(durationMs / 20);
    const late = await joinFleet({
      authority: address,
      name: "robot/late",
      stateDir: stateDir("robot/late"),
      log: silentLog,
    });
    open.push(late);
    const caller = first.bot.client(OutageService, await serve(late));
    trial.started.push(await failureOf(caller, "low"));
    trial.started.push(await failureOf(late.client(OutageService, first.address), "low"));

    await until(unnoticedMs * scale - 500);
    for (const risk of ["low", "medium"] as const) trial.once.push(await failureOf(now, risk));
    await until(durationMs);
    done("the outage");

    authority = startProcess();
    await authority.ask({ do: "start", options: { ...options, port } });
    trial.backAt = Date.now();
    await Promise.race([trial.load.succeededSince(trial.backAt), sleep(4 * recoveryMs)]);
    trial.recoveredMs = Date.now() - trial.backAt;
    await sleep(Math.max(0, trial.backAt + recoveryMs + 500 - Date.now()));
    done("the recovery");
  } finally {
    await trial.load?.stop();
    await Promise.all(open.map((bot) => bot.close(0)));
    await authority.stop();
    temporary.remove();
  }
}

type Options = Omit<AuthorityOptions, "log" | "clock">;

function startProcess() {
  const url = new URL("../authority-process.js", import.meta.url);
  return forkProcess<AuthorityAsk, Required<AuthorityAnswer>>(url, "authority");
}

async function serve(bot: Bot): Promise<string> {
  const echo = async ({ number }: { number: number }) => ({ number });
  const { address } = await bot.serve({ port: 0 }, (routes) =>
    routes.add(OutageService, { low: echo, medium: echo, high: echo }),
  );
  return address;
}

function pairsOf(served: readonly { bot: Bot; address: string }[]): Client<typeof OutageService>[] {
  return served.flatMap(({ bot }) =>
    served.filter((other) => other.bot !== bot).map(({ address }) => bot.client(OutageService, address)),
  );
}

import { setTimeout as sleep } from "node:timers/promises";
import { type Bot, type Client, InterlockError } from "@interlock/bot";
import { SoakService } from "../gen/interlock/bench/v1/soak_interlock.js";
import { quantile } from "../statistics.js";
import { type Account, createConversations } from "./conversations.js";
import { describe } from "./describe.js";
import { type GatewayFleet, type Member, startGatewayFleet } from "./gateway-fleet.js";
import { startGatewayLoad } from "./gateway-load.js";
import type { Soak } from "./soak.js";

/** The shortest soak, in milliseconds: certificates last half of it, and none shorter than five seconds. */
export const shortestGatewaySoakMs = 10_000;

const callers = 2;
/** The short calls that are under way when something is killed. */
const atOnce = 8;
/** How long load goes on before and after something happens to a process, in milliseconds. */
const aroundMs = 1_000;
/** What a call to a gateway may take whose only bot is gone, and how long it may take until calls succeed again, in milliseconds. */
export const bars = { refusedMs: 10, recoveredMs: 1_000, passedMs: 1_000 } as const;

/** What has been found so far. */
interface Trial {
  account: () => Account;
  pairs: number;
  reloads: number;
  /** By gateways, bots and callers. */
  renewals: { gateways: number; bots: number; callers: number };
  drained?: { readonly calls: number; readonly failures: readonly string[] };
  killedBot?: KilledBot;
  killedGateway?: KilledGateway;
}

interface KilledBot {
  /** The codes with which streams ended that were open. */
  readonly inFlight: readonly string[];
  /** The codes of calls that were made while it was gone, and the median time of their answers, in milliseconds. */
  readonly meanwhile: readonly string[];
  readonly refusedMs: number;
  /** That of all but one in a hundred. */
  readonly refusedP99Ms: number;
  /** From the moment at which it served again to the end of the first call, in milliseconds. */
  readonly recoveredMs: number;
}

interface KilledGateway {
  /** The calls that failed. Those that were under way may. */
  readonly failed: number;
  /** From the kill to the end of the first call that began after it, in milliseconds. */
  readonly passedMs: number;
  /** The calls that failed after that. */
  readonly failures: readonly string[];
}

/**
 * `npm run soak -- gateway`: two gateways in front of two bots, each in its own process. First calls and long streams, while the
 * certificates of all are renewed, tokens run out and routes are reloaded: nothing may fail. Then a bot is drained, a bot is killed,
 * and a gateway is killed, under load.
 */
export const gateway: Soak = {
  summary:
    "calls and streams through gateways: short certificates, reloads, a drain; SIGKILL of a bot and of a gateway",
  start({ durationMs, progress }) {
    if (durationMs < shortestGatewaySoakMs) {
      throw new Error(`Certificates last half of it: give --seconds ${shortestGatewaySoakMs / 1_000} or more.`);
    }
    const trial: Trial = {
      account: () => ({ calls: 0, longStreams: 0, shortStreams: 0, messages: 0, failures: [] }),
      pairs: 0,
      reloads: 0,
      renewals: { gateways: 0, bots: 0, callers: 0 },
    };
    return {
      parts: Object.values(parts),
      measure: (done) => runTrial(trial, durationMs, progress, done),
      result: () => judge(trial, durationMs),
    };
  },
};

const parts = {
  leaves: "certificates, tokens and routes that change",
  drain: "a bot is drained",
  bot: "a bot is killed",
  gateway: "a gateway is killed",
};

function judge({ account, pairs, reloads, renewals, drained, killedBot, killedGateway }: Trial, durationMs: number) {
  const { failures, ...counts } = account();
  const ok =
    failures.length === 0 &&
    counts.longStreams === 2 * pairs &&
    Math.min(...Object.values(renewals)) >= 4 && // Two of each, twice.
    drained?.failures.length === 0 &&
    killedBot !== undefined &&
    [...killedBot.inFlight, ...killedBot.meanwhile].every((code) => code === "UNAVAILABLE") &&
    killedBot.refusedMs <= bars.refusedMs &&
    killedBot.recoveredMs <= bars.recoveredMs &&
    killedGateway !== undefined &&
    killedGateway.failed <= atOnce &&
    killedGateway.failures.length === 0 &&
    killedGateway.passedMs <= bars.passedMs;
  const json = {
    seconds: durationMs / 1_000,
    ...counts,
    reloads,
    renewals,
    failed: failures.length,
    failures: failures.slice(0, 20),
    drained: drained && {
      calls: drained.calls,
      failed: drained.failures.length,
      failures: drained.failures.slice(0, 5),
    },
    killedBot: killedBot && {
      ...killedBot,
      inFlight: tally(killedBot.inFlight),
      meanwhile: tally(killedBot.meanwhile),
    },
    killedGateway: killedGateway && { ...killedGateway, failures: killedGateway.failures.slice(0, 5) },
  };
  return { ok, json, text: describe(json, ok) };
}

function tally(all: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const one of all) counts[one] = (counts[one] ?? 0) + 1;
  return counts;
}

/** What is on the stage. */
interface Cast {
  readonly callers: readonly Bot[];
  readonly bots: readonly Member[];
  readonly gateways: readonly Member[];
  /** The addresses of the bots, and of the gateways. */
  readonly served: readonly string[];
  readonly open: readonly string[];
}

async function runTrial(
  trial: Trial,
  durationMs: number,
  progress: (line: string) => void,
  done: (part: string) => void,
): Promise<void> {
  const leafTtlMs = durationMs / 2;
  const tokenTtlMs = Math.max(4_000, durationMs / 4);
  const fleet = await startGatewayFleet(leafTtlMs, tokenTtlMs);
  try {
    const cast = await enter(fleet);
    progress(`certificates of ${leafTtlMs / 1_000} s, tokens of ${tokenTtlMs / 1_000} s`);
    await renewAndReload(trial, cast, durationMs);
    done(parts.leaves);
    trial.drained = await drainBot(cast);
    done(parts.drain);
    trial.killedBot = await killBot(cast);
    done(parts.bot);
    trial.killedGateway = await killGateway(cast);
    done(parts.gateway);
  } finally {
    await fleet.end();
  }
}

async function enter(fleet: GatewayFleet): Promise<Cast> {
  const [bots, gateways, bystanders] = [[], [], []] as [Member[], Member[], Bot[]];
  const [served, open] = [[], []] as [string[], string[]];
  for (let i = 1; i <= 2; i++) bots.push(await fleet.start(`robot/${i}`));
  for (const { process } of bots) served.push((await process.ask({ do: "serve", port: 0 })).address);
  for (let i = 1; i <= 2; i++) gateways.push(await fleet.start(`gateway/${i}`));
  for (const { process } of gateways) open.push((await process.ask({ do: "pass", addresses: served })).address);
  for (let i = 1; i <= callers; i++) bystanders.push(await fleet.enter(`caller/${i}`));
  return { callers: bystanders, bots, gateways, served, open };
}

/** A client through gateways, which makes no call twice. */
function clientOf(caller: Bot, gateways: string | readonly string[]): Client<typeof SoakService> {
  return caller.client(SoakService, gateways, { server: "gateway/*", attempts: 1 });
}

async function renewAndReload(trial: Trial, { callers, bots, gateways, served, open }: Cast, durationMs: number) {
  for (const { identity } of callers) identity.onChange(() => trial.renewals.callers++);
  const pairs = callers.flatMap((caller) => open.map((address) => clientOf(caller, address)));
  trial.pairs = pairs.length;
  const load = createConversations(pairs, Date.now() + durationMs);
  trial.account = load.account;
  let finished = false;
  const reloading = (async () => {
    while (!finished) {
      await sleep(durationMs / 20);
      const addresses = trial.reloads % 2 === 0 ? served.toReversed() : served;
      for (const { process } of gateways) await process.ask({ do: "pass", addresses });
      trial.reloads++;
    }
  })();
  await load.finished;
  finished = true;
  await reloading;
  for (const { process } of gateways) trial.renewals.gateways += (await process.ask({ do: "count" })).renewals;
  for (const { process } of bots) trial.renewals.bots += (await process.ask({ do: "count" })).renewals;
}

async function drainBot({ callers, bots: [bot], served: [address], open }: Cast) {
  const loads = open.map((gateway, i) => startGatewayLoad(clientOf(callers[i] as Bot, gateway), atOnce));
  for (let round = 0; round < 2; round++) {
    await sleep(aroundMs);
    await bot?.process.ask({ do: "drain" });
    await sleep(aroundMs);
    await bot?.process.ask({ do: "serve", port: portOf(address) });
  }
  await sleep(aroundMs);
  await Promise.all(loads.map((load) => load.stop()));
  const all = loads.flatMap(({ ended }) => ended);
  return { calls: all.length, failures: all.flatMap(({ failure = [] }) => failure) };
}

function portOf(address = ""): number {
  return Number(address.split(":").at(-1));
}

/** Kills the only bot behind a gateway. */
async function killBot({
  callers: [caller],
  gateways: [gateway],
  bots: [bot],
  served,
  open,
}: Cast): Promise<KilledBot> {
  const [address] = served;
  await gateway?.process.ask({ do: "pass", addresses: [address as string] });
  const client = clientOf(caller as Bot, open[0] as string);
  const streams = await Promise.all(Array.from({ length: atOnce }, () => beginStream(client)));
  await bot?.kill();
  const inFlight = await Promise.all(streams);
  const load = startGatewayLoad(client, atOnce);
  await sleep(3 * aroundMs);
  const meanwhile = load.ended.length;
  await bot?.restart();
  await bot?.process.ask({ do: "serve", port: portOf(address) });
  const backAt = performance.now();
  const { beganAt, ms } = await load.succeeded(backAt);
  await sleep(aroundMs);
  await load.stop();
  await gateway?.process.ask({ do: "pass", addresses: served });
  const refused = load.ended.slice(0, meanwhile);
  const times = Float64Array.from(refused, ({ ms }) => ms).sort();
  return {
    inFlight: await Promise.all(inFlight.map(async ({ ended }) => ended)),
    meanwhile: refused.map(({ failure = "OK" }) => failure.split(" ", 1)[0] as string),
    refusedMs: quantile(times, 0.5),
    refusedP99Ms: quantile(times, 0.99),
    recoveredMs: beganAt + ms - backAt,
  };
}

/** Opens a stream. Resolves once it has begun, to the code with which it will end. */
async function beginStream(client: Client<typeof SoakService>): Promise<{ readonly ended: Promise<string> }> {
  const messages = client.count({})[Symbol.asyncIterator]();
  await messages.next();
  const ended = (async () => {
    try {
      while (!(await messages.next()).done);
      return "OK";
    } catch (thrown) {
      return InterlockError.from(thrown).code;
    }
  })();
  return { ended };
}

/** Kills the gateway through which the calls of a client go that knows both. */
async function killGateway({ callers: [caller], gateways, open }: Cast): Promise<KilledGateway> {
  const load = startGatewayLoad(clientOf(caller as Bot, open), atOnce);
  await load.succeeded(performance.now());
  let used: Member | undefined;
  while (!used) {
    for (const gateway of gateways) if ((await gateway.process.ask({ do: "count" })).calls > 0) used = gateway;
  }
  const before = load.ended.length;
  const killing = used.kill();
  const killedAt = performance.now();
  const { beganAt, ms } = await load.succeeded(killedAt);
  await killing;
  const after = load.ended.length;
  await sleep(2 * aroundMs);
  await load.stop();
  return {
    failed: load.ended.slice(before).filter(({ failure }) => failure !== undefined).length,
    passedMs: beganAt + ms - killedAt,
    failures: load.ended.slice(after).flatMap(({ failure = [] }) => failure),
  };
}

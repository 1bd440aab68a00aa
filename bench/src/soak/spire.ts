import { setTimeout as sleep } from "node:timers/promises";
import { type Bot, InterlockError, type IssuerProvider, joinFleet, silentLog } from "@interlock/bot";
import { createMemoryIssuer } from "@interlock/bot/testing";
import { fromWorkloadApi } from "@interlock/spiffe";
import { findSpire, type Spire, startSpire } from "@interlock/testing-spire";
import { SoakService } from "../gen/interlock/bench/v1/soak_interlock.js";
import { type Account, createConversations } from "./conversations.js";
import { describe } from "./describe.js";
import type { Soak } from "./soak.js";
import { soakHandlers } from "./soak-handlers.js";

/** The shortest soak: SPIRE adds ten seconds to the life of each certificate, and an agent takes some to start. */
export const shortestSpireMs = 60_000;

/** The part of the soak that a certificate lives, and the part for which the agent is away: a minute and 25 s of 150 s. */
const lifePart = 0.4;
const awayPart = 1 / 6;

const bots = ["robot/1", "robot/2"];

/**
 * `npm run soak -- spire`: two bots with identities from a real SPIRE call each other, with unary calls and with streams that last
 * from the beginning to the end. Meanwhile their certificates are renewed several times, the agent is killed and comes back, and
 * SPIRE's CA is replaced and the old one withdrawn. Nothing may fail. A third one names no identity, and is refused.
 */
export const spire: Soak = {
  summary: "identities from a real SPIRE: certificates renewed, the agent away, the CA replaced",
  start({ durationMs, progress }) {
    if (durationMs < shortestSpireMs) throw new Error(`Give --seconds ${shortestSpireMs / 1_000} or more.`);
    const trial: Trial = { account: noAccount, renewals: 0, noticed: 0, roots: [], refused: "", skipped: "" };
    return {
      parts: ["the agent away", "the CA replaced", "calls and streams to their end"],
      measure: (done) => runTrial(trial, durationMs, progress, done),
      result: () => judge(trial, durationMs),
    };
  },
};

interface Trial {
  account: () => Account;
  /** The number of certificates that were taken over. */
  renewals: number;
  /** How many bots said in their health that the agent was away, and that it was back. */
  noticed: number;
  /** How many CAs all bots trusted, one after another. */
  readonly roots: number[];
  /** What a bot was told that named none of two identities. */
  refused: string;
  /** Why there is no SPIRE. */
  skipped: string;
}

function noAccount(): Account {
  return { calls: 0, longStreams: 0, shortStreams: 0, messages: 0, failures: [] };
}

function judge({ account, renewals, noticed, roots, refused, skipped }: Trial, durationMs: number) {
  if (skipped) return { ok: true, json: { skipped }, text: `skipped: ${skipped}.\n` };
  const { failures, ...counts } = account();
  const json = {
    seconds: durationMs / 1_000,
    lifeSeconds: lifeSeconds(durationMs),
    awaySeconds: Math.round((durationMs * awayPart) / 1_000),
    ...counts,
    renewals,
    noticed,
    roots,
    refused,
    failed: failures.length,
    failures: failures.slice(0, 20),
  };
  const ok =
    failures.length === 0 &&
    counts.calls >= 1_000 &&
    // Each bot watches and converses with the other one, each from the beginning to the end.
    counts.longStreams === 2 * bots.length &&
    renewals >= 3 * bots.length &&
    noticed === 2 * bots.length &&
    roots.join() === "1,2,1" &&
    bots.every((name) => refused.includes(`spiffe://soak/${name}`));
  return { ok, json, text: describe(json, ok) };
}

const lifeSeconds = (durationMs: number) => Math.round((durationMs * lifePart) / 1_000);

async function runTrial(
  trial: Trial,
  durationMs: number,
  progress: (line: string) => void,
  done: (part: string) => void,
): Promise<void> {
  const programs = await findSpire();
  if ("missing" in programs) {
    trial.skipped = programs.missing;
    return;
  }
  const agent = await startSpire({ trustDomain: "soak" });
  const joined: Bot[] = [];
  try {
    const issuer = await createMemoryIssuer();
    for (const name of bots) await agent.register({ name, ttlSeconds: lifeSeconds(durationMs) });
    for (const name of bots) joined.push(await enter(agent, issuer, trial, name));
    // Both are offered by now, and this one names neither.
    trial.refused = await enter(agent, issuer, trial).then(
      () => "nothing",
      (error) => InterlockError.from(error).message,
    );
    const addresses = await Promise.all(joined.map(serve));
    const clients = joined.map((bot, i) => bot.client(SoakService, addresses[1 - i] as string));
    progress(`${bots.length} bots, certificates of ${lifeSeconds(durationMs)} s, ${durationMs / 1_000} s`);
    const until = Date.now() + durationMs;
    const load = createConversations(clients, until);
    trial.account = load.account;
    const healthOf = (status: string) => agree(joined, addresses, status);

    await sleep(durationMs * awayPart);
    await agent.killAgent();
    progress("the agent is away");
    trial.noticed += await healthOf("NOT_SERVING");
    await sleep(durationMs * awayPart);
    await agent.startAgent();
    trial.noticed += await healthOf("SERVING");
    done("the agent away");

    await replaceCa(agent, joined, trial, durationMs, progress);
    done("the CA replaced");
    await load.finished;
    done("calls and streams to their end");
  } finally {
    await Promise.all(joined.map((bot) => bot.close(0)));
    await agent.stop();
  }
}

async function enter({ endpoint }: Spire, issuer: IssuerProvider, trial: Trial, name?: string): Promise<Bot> {
  const spiffeId = name === undefined ? undefined : `spiffe://soak/${name}`;
  const bot = await joinFleet({ identity: fromWorkloadApi({ endpoint, spiffeId }), issuer, log: silentLog });
  bot.identity.onChange(() => trial.renewals++);
  return bot;
}

async function serve(bot: Bot): Promise<string> {
  const { address } = await bot.serve({ port: 0 }, (routes) => routes.add(SoakService, soakHandlers));
  return address;
}

/** Resolves to the number of bots once all say this of their source. */
async function agree(joined: readonly Bot[], addresses: readonly string[], status: string): Promise<number> {
  for (const [i, bot] of joined.entries()) {
    const health = () => bot.health(addresses[1 - i] as string, { service: "interlock.identity" });
    while ((await health()) !== status) await sleep(100);
  }
  return joined.length;
}

/** Replaces SPIRE's CA as its documentation has it: the new one is trusted everywhere before it signs, and the old one goes last. */
async function replaceCa(
  agent: Spire,
  joined: readonly Bot[],
  trial: Trial,
  durationMs: number,
  progress: (line: string) => void,
): Promise<void> {
  const trusted = async (count: number) => {
    for (const { trust } of joined) while (trust.state.caCertificates.length !== count) await sleep(50);
    trial.roots.push(count);
    progress(`${count} CA${count === 1 ? " is" : "s are"} trusted`);
  };
  await trusted(1);
  const { prepared, active } = await agent.prepareCa();
  await trusted(2);
  await agent.activateCa(prepared);
  const before = joined.map(({ identity }) => identity.current().leaf.thumbprint);
  await agent.taintCa(active);
  for (const [i, { identity }] of joined.entries()) {
    while (identity.current().leaf.thumbprint === before[i]) await sleep(50);
  }
  await sleep(durationMs / 12); // Streams are moved to the new certificates by a call of their own; see docs/spiffe.md.
  await agent.revokeCa(active);
  await trusted(1);
}

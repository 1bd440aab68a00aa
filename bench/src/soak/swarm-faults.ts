import { randomInt } from "node:crypto";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { startAuthority } from "@interlock/authority";
import { type Bot, joinFleet, silentLog } from "@interlock/bot";
import { connectSwarm, isClosed, type Swarm, TaskState } from "@interlock/swarm";
import { findPostgres, startPostgres } from "@interlock/testing-postgres";
import { createRandom, forkProcess, makeTemporaryFolder } from "@interlock/testing-processes";
import type { Result, Run } from "../run.js";
import { describe } from "./describe.js";
import { type Effects, startEffects } from "./effects-server.js";
import type { SoakOptions, StoreKind } from "./soak.js";
import { kinds } from "./swarm-fault-process.js";
import { type FaultProcess, type FaultScene, faults } from "./swarm-fault-table.js";
import { startVanishingNetwork } from "./vanishing-network.js";

const workerCount = 3;
const openAtOnce = 30;
/** How soon after the end of a fault the leader has to lead and to answer, in milliseconds. */
const againWithinMs = 2_000;
const drainedWithinMs = 60_000;
const patienceMs = 120_000;

const grants = `grants:
  "worker/*":
    interlock.swarm.v1.DispatchService: [swarm:work]
    interlock.swarm.v1.SafetyService: [safety:watch, safety:acknowledge]
  "operator/*":
    interlock.swarm.v1.OperatorService: [swarm:submit, swarm:read]
`;

type Between = FaultScene["between"];

function betweenOf(random: () => number): Between {
  return (least, most) => least + random() * (most - least);
}

/** The state of the trial on one store so far. */
interface Trial {
  readonly kind: StoreKind;
  readonly made: Record<string, number>;
  /** How long after the end of each fault the leader led and answered, in milliseconds. */
  readonly again: number[];
  readonly failures: string[];
  /** The ids of the tasks of each order, by its key. More than one is a task that is done twice. */
  readonly orders: Map<string, Set<string>>;
  readonly open: Set<string>;
  submitted: number;
  completed: number;
  /** Tasks whose result or checkpoint was too large, and that failed for it. */
  refused: number;
  duplicated: number;
  unproven: number;
  drained: boolean;
}

/**
 * Starts the swarm soak with faults: a leader and three workers in processes of their own, and one fault after another, chosen
 * by a seed. Each store has its share of the time. PostgreSQL is left out where it is not installed.
 */
export function startWithFaults({ durationMs, stores, seed = randomInt(2 ** 32), progress }: SoakOptions): Run {
  const found = findPostgres();
  const here = stores.filter((store) => store === "sqlite" || typeof found !== "string");
  if (typeof found === "string" && stores.includes("postgres")) progress(`skipped: faults on PostgreSQL, ${found}`);
  if (here.length === 0) throw new Error(`No store is left: ${found}`);
  progress(`seed ${seed}`);
  // The load has a sequence of its own, so that faults do not depend on how fast the swarm is.
  const [between, loading] = [betweenOf(createRandom(seed)), betweenOf(createRandom(seed + 1))];
  const trials = here.map(createTrial);
  return {
    parts: here.map((kind) => `faults on ${kind}`),
    async measure(done) {
      for (const trial of trials) {
        await runTrial(trial, durationMs / trials.length, { between, loading }, progress);
        done(`faults on ${trial.kind}`);
      }
    },
    result: () => resultOf(trials, seed, durationMs),
  };
}

function createTrial(kind: StoreKind): Trial {
  return {
    kind,
    made: {},
    again: [],
    failures: [],
    orders: new Map(),
    open: new Set(),
    submitted: 0,
    completed: 0,
    refused: 0,
    duplicated: 0,
    unproven: 0,
    drained: false,
  };
}

async function runTrial(
  trial: Trial,
  durationMs: number,
  { between, loading }: { readonly between: Between; readonly loading: Between },
  progress: (line: string) => void,
): Promise<void> {
  const { kind, failures, open } = trial;
  const temporary = makeTemporaryFolder("soak-faults");
  const folder = temporary.path;
  const closing: (() => unknown)[] = [() => temporary.remove()];
  const over = new AbortController();
  try {
    const options = { dataDir: join(folder, "authority"), trustDomain: "soak", port: 0, log: silentLog };
    const authority = await startAuthority(options);
    closing.unshift(() => authority.close());
    await authority.applyGrants(grants);
    const postgres = kind === "postgres" ? await startPostgres() : undefined;
    if (postgres) closing.unshift(() => postgres.stop());
    const store = postgres ? await postgres.createDatabase() : join(folder, "tasks.db");
    const effects = await startEffects();
    closing.unshift(() => effects.close());
    const entryOf = async (name: string) => ({
      authority: authority.address,
      name,
      joinToken: await authority.createJoinToken(name),
      stateDir: join(folder, name),
    });
    function fork(name: string): FaultProcess {
      const forked: FaultProcess = forkProcess(new URL("./swarm-fault-process.js", import.meta.url), name);
      closing.unshift(() => forked.kill());
      return forked;
    }

    const leader = fork("leader/1");
    let leads = true;
    leader.onEvent((event) => {
      leads = event.leads;
    });
    const { address = "" } = await leader.ask({ do: "lead", store, ...(await entryOf("leader/1")) });
    const network = await startVanishingNetwork(address);
    closing.unshift(() => network.close());
    const workers = Array.from({ length: workerCount }, (_, i) => fork(`worker/${i + 1}`));
    for (const [i, worker] of workers.entries()) {
      const entry = await entryOf(`worker/${i + 1}`);
      await worker.ask({ do: "work", leader: network.address, effects: effects.url, ...entry });
    }
    const bot: Bot = await joinFleet({ ...(await entryOf("operator/1")), log: silentLog });
    closing.unshift(() => bot.close(0));
    const swarm = connectSwarm(bot, [address]);
    const scene: FaultScene = { store, onPostgres: kind === "postgres", leader, workers, network, between };
    const fail = (what: string) => (error: unknown) => {
      if (!over.signal.aborted) failures.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    };
    const until = performance.now() + durationMs;
    const following = follow(swarm, trial, effects, over.signal).catch(fail("the watch"));
    const submitting = submitUntil(until, swarm, trial, loading).catch(fail("submitting"));
    await makeFaults(until, trial, scene, swarm, () => leads, progress);
    await submitting;
    for (const end = performance.now() + drainedWithinMs; open.size > 0 && performance.now() < end; ) await delay(50);
    trial.drained = true;
    over.abort();
    await following;
  } finally {
    over.abort();
    for (const close of closing) await close();
  }
}

/** Makes one fault after another, each chosen at random, and measures how soon the leader leads and answers again. */
async function makeFaults(
  until: number,
  trial: Trial,
  scene: FaultScene,
  swarm: Swarm,
  leads: () => boolean,
  progress: (line: string) => void,
): Promise<void> {
  const fitting = Object.entries(faults).filter(([, { fits }]) => fits?.(scene) ?? true);
  let round: typeof fitting = [];
  while (performance.now() < until) {
    await delay(scene.between(200, 1_500));
    // Each kind comes once before any comes again.
    if (round.length === 0) round = [...fitting];
    const [chosen] = round.splice(Math.floor(scene.between(0, round.length)) % round.length, 1);
    const [name, fault] = chosen as (typeof fitting)[number];
    await fault.make(scene);
    const ended = performance.now();
    trial.made[name] = (trial.made[name] ?? 0) + 1;
    await answers(swarm, leads);
    const again = Math.round(performance.now() - ended);
    trial.again.push(again);
    if (again > againWithinMs) trial.failures.push(`${name}: the leader answered only after ${again} ms`);
    progress(`${trial.kind}: ${name}; leads again after ${again} ms, ${trial.completed} tasks completed`);
  }
}

/** Waits until the leader leads and answers an operator. */
async function answers(swarm: Swarm, leads: () => boolean): Promise<void> {
  for (const end = performance.now() + patienceMs; performance.now() < end; await delay(10)) {
    if (!leads()) continue;
    const answer = await swarm.list({ pageSize: 1 }, { timeoutMs: 1_000 }).catch(() => undefined);
    if (answer) return;
  }
}

async function submitUntil(until: number, swarm: Swarm, trial: Trial, between: Between): Promise<void> {
  const { orders, open } = trial;
  for (let number = 1; performance.now() < until; number++) {
    if (open.size >= openAtOnce) await delay(10);
    if (open.size >= openAtOnce) continue;
    const chance = between(0, 1);
    const special = Object.values(kinds).filter((kind) => kind !== kinds.carry);
    const kind = chance < 0.03 ? (special[number % special.length] ?? kinds.carry) : kinds.carry;
    const order = { kind, payload: Uint8Array.of(number % 20), idempotencyKey: `order-${number}` };
    // Some orders are sent again, as by a client that has missed the answer.
    for (let sent = 0; sent < (chance > 0.9 ? 2 : 1); sent++) {
      const { task, created } = await swarm.submit(order, { timeoutMs: patienceMs });
      const ids = orders.get(order.idempotencyKey) ?? new Set();
      orders.set(order.idempotencyKey, ids.add(task.taskId));
      if (ids.size > 1) trial.duplicated++;
      if (sent === 0) trial.submitted++;
      if ((created || sent === 0) && !isClosed(task.state)) open.add(task.taskId);
    }
  }
}

async function follow(swarm: Swarm, trial: Trial, effects: Effects, signal: AbortSignal): Promise<void> {
  const seen = new Set<string>();
  for await (const { tasks } of swarm.watch({ signal })) {
    for (const { taskId, state, kind, reason } of tasks) {
      if (!isClosed(state) || seen.has(taskId)) continue;
      seen.add(taskId);
      trial.open.delete(taskId);
      const tooBig = kind === kinds.result || kind === kinds.checkpoint;
      if (tooBig && state === TaskState.TASK_STATE_FAILED && reason.includes("_TOO_LARGE")) trial.refused++;
      else if (tooBig || state !== TaskState.TASK_STATE_COMPLETED) {
        trial.failures.push(`task ${taskId} (${kind}) is in state ${state}: ${reason.slice(0, 200)}`);
      } else {
        trial.completed++;
        if (effects.times(taskId) === 0) trial.unproven++;
        trial.duplicated += Math.max(0, effects.times(taskId) - 1);
      }
    }
  }
}

/** What `--json` prints. Until the open tasks have had their time, what is lost is unknown. */
function resultOf(trials: readonly Trial[], seed: number, durationMs: number): Result {
  const outcomes = trials.map((trial) => [trial.kind, outcomeOf(trial)] as const);
  const ok = outcomes.every(([, each]) => each.ok);
  const all = outcomes.map(([, each]) => each);
  const json = {
    seed,
    seconds: durationMs / 1_000,
    lost: all.every(({ lost }) => lost !== undefined) ? all.reduce((sum, { lost = 0 }) => sum + lost, 0) : undefined,
    duplicated: all.reduce((sum, { duplicated }) => sum + duplicated, 0),
    slowestAgainMs: Math.max(0, ...all.map(({ slowestAgainMs = 0 }) => slowestAgainMs)),
    stores: Object.fromEntries(outcomes),
  };
  return { ok, json, text: describe({ seed, ...Object.fromEntries(outcomes) }, ok) };
}

function outcomeOf({ made, again, failures, open, submitted, completed, refused, ...rest }: Trial) {
  const { drained, duplicated, unproven } = rest;
  const lost = drained ? open.size + unproven : undefined;
  const ok = lost === 0 && duplicated === 0 && failures.length === 0 && completed > 0 && again.length > 0;
  return {
    ok,
    faults: made,
    submitted,
    completed,
    refused,
    lost,
    duplicated,
    slowestAgainMs: again.length > 0 ? Math.max(...again) : undefined,
    failures: failures.slice(0, 20),
  };
}

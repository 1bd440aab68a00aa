import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { startAuthority } from "@interlock/authority";
import { type Bot, InterlockError, joinFleet, silentLog } from "@interlock/bot";
import {
  connectSwarm,
  createLeader,
  isClosed,
  leaderRoutes,
  runWorker,
  type Swarm,
  type TaskHandler,
  TaskState,
} from "@interlock/swarm";
import { openTaskStore } from "@interlock/swarm/store";
import { makeTemporaryFolder } from "@interlock/testing-processes";
import type { Result } from "../run.js";
import { describe } from "./describe.js";
import { canJudgeMemory, judgeMemory, type MemorySample, sampleMemory } from "./memory-watch.js";
import type { Soak } from "./soak.js";
import { createSwarmAccount, type SwarmAccount } from "./swarm-account.js";
import { startWithFaults } from "./swarm-faults.js";

const robots = 10;
const openAtOnce = 40;
const kind = "carry";
const shortestMs = 30_000;
/** The part of the time in which caches fill, code is compiled, and the leader's list of closed tasks reaches its bound. */
const warmUpShare = 1 / 3;
const sampleEveryMs = 1_000;
const leaveEveryMs = 3_000;
const stopEveryMs = 10_000;
const drainedWithinMs = 60_000;

const grants = `grants:
  "worker/*":
    interlock.swarm.v1.DispatchService: [swarm:work]
    interlock.swarm.v1.SafetyService: [safety:watch, safety:acknowledge]
  "operator/*":
    interlock.swarm.v1.OperatorService: [swarm:submit, swarm:read]
    interlock.swarm.v1.SafetyService: [safety:watch, safety:stop]
  "supervisor/*":
    interlock.swarm.v1.SafetyService: [safety:reset]
`;

/**
 * A leader on SQLite and ten robots, each with its own mutual TLS connections, all in this process, so that every memory leak
 * shows here. Tasks without end, with progress and checkpoints, some of which fail at first; robots that leave in the middle
 * of a task and come back; an emergency stop every ten seconds; leaves of 30 s. Nothing may be lost or done twice, and live
 * memory must be flat after the warm-up.
 */
export const swarm: Soak = {
  summary:
    "10 robots that come and go, emergency stops; memory flat after warm-up, nothing lost (SQLite); or with --faults",
  start(options) {
    if (options.faults) return startWithFaults(options);
    const { durationMs, stores, progress } = options;
    if (durationMs < shortestMs)
      throw new Error(`The judgment of memory needs more time: give --seconds ${shortestMs / 1_000} or more.`);
    if (!stores.includes("sqlite")) throw new Error("This soak runs on SQLite: leave out --store.");
    const account = createSwarmAccount();
    const trial: Trial = { account, failures: [], samples: [], stops: [], crew: [], drained: false };
    return {
      parts: [loadPart, drainPart, memoryPart],
      measure: (done) => runTrial(trial, durationMs, progress, done),
      result: () => resultOf(trial, durationMs),
    };
  },
};

/** The state of one trial so far. */
interface Trial {
  readonly account: SwarmAccount;
  readonly failures: string[];
  readonly samples: MemorySample[];
  /** How long each emergency stop took, in milliseconds. */
  readonly stops: number[];
  readonly crew: Robot[];
  /** Whether the time for open tasks to complete is over. */
  drained: boolean;
}

type Robot = ReturnType<typeof createRobot>;

const loadPart = "load";
const drainPart = "open tasks to their end";
const memoryPart = "growth of memory";

async function runTrial(
  trial: Trial,
  durationMs: number,
  progress: (line: string) => void,
  done: (part: string) => void,
): Promise<void> {
  const { account, failures, samples, stops, crew } = trial;
  const temporary = makeTemporaryFolder("soak");
  const folder = temporary.path;
  const options = { dataDir: join(folder, "authority"), trustDomain: "soak", port: 0, log: silentLog };
  const authority = await startAuthority({ ...options, leafTtlMs: 30_000, tokenTtlMs: 30_000 });
  const bots: Bot[] = [];
  async function enter(name: string): Promise<Bot> {
    const joinToken = await authority.createJoinToken(name);
    const at = { authority: authority.address, stateDir: join(folder, name), log: silentLog };
    const bot = await joinFleet({ ...at, name, joinToken });
    bots.push(bot);
    return bot;
  }
  const over = new AbortController();
  const store = await openTaskStore(join(folder, "tasks.db"));
  let leader: ReturnType<typeof createLeader> | undefined;
  try {
    await authority.applyGrants(grants);
    const leading = await enter("leader/1");
    leader = createLeader({ name: leading.name, store, keepClosed: 500, maximumAttempts: 1_000, log: silentLog });
    const { address } = await leading.serve({ port: 0 }, leaderRoutes(leader));
    const operator = connectSwarm(await enter("operator/1"), [address]);
    const supervisor = connectSwarm(await enter("supervisor/1"), [address]);
    const fail = (what: string) => (error: unknown) => {
      const { code, reason = "", message } = InterlockError.from(error);
      if (!over.signal.aborted) failures.push(`${what}: ${code} ${reason} ${message}`);
    };
    const names = Array.from({ length: robots }, (_, i) => `worker/${i + 1}`);
    crew.push(...(await Promise.all(names.map(async (name) => createRobot(await enter(name), address, account)))));
    for (const robot of crew) robot.work().catch(fail("a robot"));
    const until = Date.now() + durationMs;
    const began = performance.now();
    progress(`${robots} robots, ${durationMs / 1_000} s`);

    const closing = follow(operator, account, over.signal).catch(fail("the watch"));
    await Promise.all([
      submitUntil(until, operator, account).catch(fail("submitting")),
      every(leaveEveryMs, until, async (i) => crew[i % crew.length]?.takeABreak()),
      every(stopEveryMs, until, async () => void stops.push(await stopAll(operator, supervisor))).catch(fail("a stop")),
      every(sampleEveryMs, until, async (i) => {
        samples.push(sampleMemory(performance.now() - began));
        if (i % 30 === 29) progress(`${i + 1} s: ${JSON.stringify(account.totals())}`);
      }),
    ]);
    done(loadPart);
    for (const end = Date.now() + drainedWithinMs; account.open > 0 && Date.now() < end; ) await delay(100);
    trial.drained = true;
    done(drainPart);
    over.abort();
    await closing;
    await Promise.all(crew.map((robot) => robot.leave()));
    judgeMemory(samples, durationMs * warmUpShare);
    done(memoryPart);
  } finally {
    over.abort();
    await Promise.all(bots.map((bot) => bot.close(0)));
    await leader?.close();
    await store.close();
    await authority.close();
    temporary.remove();
  }
}

/** What `--json` prints. Until the open tasks have had their time, what is lost is unknown. */
function resultOf({ account, failures, samples, stops, crew, drained }: Trial, durationMs: number): Result {
  const warmUpMs = durationMs * warmUpShare;
  const memory = canJudgeMemory(samples, warmUpMs) ? judgeMemory(samples, warmUpMs) : undefined;
  const { submitted, completed, lost, duplicated } = account.totals();
  const nothingWrong = drained && lost === 0 && duplicated === 0 && failures.length === 0;
  const ok = nothingWrong && memory?.flat === true && completed > 0;
  const json = {
    seconds: durationMs / 1_000,
    robots,
    submitted,
    completed,
    lost: drained ? lost : undefined,
    duplicated,
    breaks: crew.reduce((sum, robot) => sum + robot.breaks, 0),
    stops: stops.length,
    slowestStopMs: stops.length > 0 ? Math.round(Math.max(...stops)) : undefined,
    memory,
    failures: failures.slice(0, 20),
  };
  return { ok, json, text: describe(json, ok) };
}

/** A robot that works until it leaves, with breaks in the middle of its tasks. */
function createRobot(bot: Bot, leader: string, account: SwarmAccount) {
  const left = new AbortController();
  let shift = new AbortController();
  let breaks = 0;
  const handle: TaskHandler = async ({ taskId, attempt, payload, checkpoint }, { signal, progress, ...context }) => {
    if (account.isDone(taskId)) return undefined;
    for (let step = checkpoint[0] ?? 0; step < 3; step++) {
      await delay(10, undefined, { signal });
      progress((step + 1) / 3, `step ${step + 1}`);
      await context.checkpoint(Uint8Array.of(step + 1));
    }
    if (attempt === 1 && payload[0] === 0) throw new Error("It slipped.");
    signal.throwIfAborted();
    account.done(taskId);
    return undefined;
  };
  let working: Promise<void> = Promise.resolve();
  return {
    async work() {
      while (!left.signal.aborted) {
        shift = new AbortController();
        const signal = AbortSignal.any([left.signal, shift.signal]);
        working = runWorker(bot, { leaders: [leader], capabilities: [kind], signal }, handle);
        await working;
      }
    },
    async takeABreak() {
      breaks++;
      shift.abort();
    },
    async leave() {
      left.abort();
      await working.catch(() => {});
    },
    get breaks() {
      return breaks;
    },
  };
}

async function submitUntil(until: number, operator: Swarm, account: SwarmAccount): Promise<void> {
  for (let number = 0; Date.now() < until; ) {
    if (account.open >= openAtOnce) {
      await delay(5);
      continue;
    }
    const payload = Uint8Array.of(number % 20);
    const order = { kind, payload, requiredCapabilities: [kind], idempotencyKey: `order-${++number}` };
    account.submitted((await operator.submit(order)).task.taskId);
  }
}

async function follow(operator: Swarm, account: SwarmAccount, signal: AbortSignal): Promise<void> {
  for await (const { tasks } of operator.watch({ signal })) {
    for (const { taskId, state } of tasks) {
      if (state === TaskState.TASK_STATE_COMPLETED) account.completed(taskId);
      else if (isClosed(state)) throw new Error(`task ${taskId} is in state ${state}`);
    }
  }
}

/** Stops everything, then resets the stop. Resolves to the milliseconds until the answer to the stop. */
async function stopAll(operator: Swarm, supervisor: Swarm): Promise<number> {
  const began = performance.now();
  const { safety } = await operator.emergencyStop("a drill");
  const took = performance.now() - began;
  await supervisor.resetEmergencyStop(safety?.stopId ?? "", "it was a drill");
  return took;
}

async function every(ms: number, until: number, act: (i: number) => Promise<void>): Promise<void> {
  for (let i = 0; Date.now() + ms < until; i++) {
    await delay(ms);
    await act(i);
  }
}

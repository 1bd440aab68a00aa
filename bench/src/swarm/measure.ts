import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startAuthority } from "@interlock/authority";
import { type Bot, joinFleet, silentLog } from "@interlock/bot";
import { connectSwarm, type Swarm } from "@interlock/swarm";
import { type Postgres, startPostgres } from "@interlock/testing-postgres";
import { type Forked, forkProcess, makeTemporaryFolder } from "@interlock/testing-processes";
import { Queue } from "bullmq";
import { inParallel } from "../in-parallel.js";
import { monotonicMs } from "../monotonic-ms.js";
import type { BullAsk } from "./bullmq-process.js";
import type { CrewAsk } from "./crew-process.js";
import type { LeaderAnswer, LeaderAsk, LeaderEvent } from "./leader-process.js";
import { startRedis } from "./redis.js";

type LeaderProcess = Forked<LeaderAsk, LeaderAnswer, LeaderEvent>;
type CrewProcess = Forked<CrewAsk, object>;
type Closed = Extract<LeaderEvent, { closed: string }>;

const grants = `
grants:
  "worker/**":
    interlock.swarm.v1.DispatchService: [swarm:work]
    interlock.swarm.v1.SafetyService: [safety:watch, safety:acknowledge]
  "operator/*":
    interlock.swarm.v1.OperatorService: [swarm:submit, swarm:read, swarm:operate]
    interlock.swarm.v1.SafetyService: [safety:stop, safety:watch, safety:reset]
`;

/** A fleet to measure in. All its processes and bots end with it. */
export interface Bench {
  readonly folder: string;
  leader(name: string, store?: string): Promise<{ process: LeaderProcess; address: string }>;
  /** Starts a process with bots that have joined, `worker/<prefix>-<n>`. */
  crew(prefix: string, count: number): Promise<CrewProcess>;
  operator(leaders: readonly string[]): Promise<Swarm>;
}

/** Runs `work` in a new fleet. */
export async function withBench<T>(work: (bench: Bench) => Promise<T>): Promise<T> {
  const temporary = makeTemporaryFolder("bench");
  const folder = temporary.path;
  const cleanUp: (() => Promise<unknown>)[] = [];
  try {
    const dataDir = join(folder, "authority");
    const authority = await startAuthority({ dataDir, trustDomain: "bench", port: 0, log: silentLog });
    cleanUp.push(() => authority.close());
    await authority.applyGrants(grants);
    let operators = 0;
    const bench: Bench = {
      folder,
      async leader(name, store = join(folder, `${name.replace("/", "-")}.db`)) {
        const process = forkProcess<LeaderAsk, LeaderAnswer, LeaderEvent>(
          new URL("./leader-process.js", import.meta.url),
          name,
        );
        cleanUp.push(() => process.stop());
        const joinToken = await authority.createJoinToken(name);
        const stateDir = join(folder, name);
        const { address = "" } = await process.ask({
          do: "lead",
          authority: authority.address,
          name,
          joinToken,
          stateDir,
          store,
        });
        return { process, address };
      },
      async crew(prefix, count) {
        const process = forkProcess<CrewAsk, object>(new URL("./crew-process.js", import.meta.url), prefix);
        cleanUp.push(() => process.stop());
        const joinTokens: Record<string, string> = {};
        for (let i = 1; i <= count; i++) {
          const name = `worker/${prefix}-${i}`;
          joinTokens[name] = await authority.createJoinToken(name);
        }
        await process.ask({ do: "join", authority: authority.address, stateDir: join(folder, prefix), joinTokens });
        return process;
      },
      async operator(leaders) {
        const name = `operator/${++operators}`;
        const joinToken = await authority.createJoinToken(name);
        const stateDir = join(folder, name);
        const bot: Bot = await joinFleet({ authority: authority.address, name, joinToken, stateDir, log: silentLog });
        cleanUp.push(() => bot.close(0));
        return connectSwarm(bot, leaders);
      },
    };
    return await work(bench);
  } finally {
    for (const end of cleanUp.reverse()) await end();
    temporary.remove();
  }
}

/** Durable, fenced tasks a second, from the first tenth of them to the last. Each worker does one at a time. */
export function measureOurs(workers: number, prefetch: number, tasks: number): Promise<number> {
  return withBench(async (bench) => {
    const { process, address } = await bench.leader("leader/1");
    const crew = await bench.crew("crew", workers);
    const swarm = await bench.operator([address]);
    const payload = Buffer.alloc(100);
    await inParallel(64, Array(tasks).keys(), async () => {
      await swarm.submit({ kind: "nothing", requiredCapabilities: ["nothing"], payload });
    });
    const rate = rateOf(process, tasks);
    await process.ask({ do: "count", tasks });
    await crew.ask({ do: "work", leaders: [address], count: workers, prefetch });
    return rate;
  });
}

/** The same for BullMQ, whose workers do `concurrency` jobs at a time. */
export async function measureBullMq(workers: number, concurrency: number, tasks: number): Promise<number> {
  const folder = makeTemporaryFolder("bench");
  const redis = await startRedis(folder.path);
  const crew = forkProcess<BullAsk, object, Closed>(new URL("./bullmq-process.js", import.meta.url), "bullmq");
  const queue = new Queue("nothing", { connection: { path: redis.path } });
  try {
    const data = "x".repeat(100);
    const jobs = Array.from({ length: tasks }, () => ({ name: "nothing", data }));
    for (let i = 0; i < tasks; i += 500) await queue.addBulk(jobs.slice(i, i + 500));
    const rate = rateOf(crew, tasks);
    await crew.ask({ queue: "nothing", path: redis.path, workers, concurrency, tasks });
    return await rate;
  } finally {
    await crew.kill();
    await queue.close();
    await redis.stop();
    folder.remove();
  }
}

function rateOf(
  process: { onEvent(listener: (event: Closed | LeaderEvent) => void): void },
  tasks: number,
): Promise<number> {
  return new Promise((resolve) => {
    let tenthAt = 0;
    process.onEvent((event) => {
      if (!("closed" in event)) return;
      if (event.closed === "tenth") tenthAt = event.at;
      else resolve((Math.floor(tasks * 0.9) / (event.at - tenthAt)) * 1_000);
    });
  });
}

/** Milliseconds from the kill of a worker until it is declared lost. */
export function measureDetection(times: number): Promise<number[]> {
  return withBench(async (bench) => {
    const { process, address } = await bench.leader("leader/1");
    const delays: number[] = [];
    // One process for each, started side by side to save time.
    const crews = await Promise.all(Array.from({ length: times }, (_, i) => bench.crew(`crew${i}`, 1)));
    for (const [i, crew] of crews.entries()) {
      const worker = `worker/crew${i}-1`;
      const online = changeOf(process, worker, "online");
      await crew.ask({ do: "work", leaders: [address], count: 1 });
      await online;
      await sleep(Math.random() * 500); // A random moment between two heartbeats.
      const lost = changeOf(process, worker, "lost");
      const killedAt = monotonicMs();
      await crew.kill();
      delays.push((await lost) - killedAt);
    }
    return delays;
  });
}

function changeOf(process: LeaderProcess, worker: string, state: string): Promise<number> {
  return new Promise((resolve) => {
    process.onEvent((event) => {
      if ("worker" in event && event.worker === worker && event.state === state) resolve(event.at);
    });
  });
}

/** Milliseconds from the kill of the leader until the standby leads, over one PostgreSQL. */
export async function measureTakeOver(times: number): Promise<number[]> {
  const postgres: Postgres = await startPostgres();
  try {
    return await withBench(async (bench) => {
      const store = await postgres.createDatabase();
      const delays: number[] = [];
      let active = await bench.leader("leader/1", store);
      for (let i = 0; i < times; i++) {
        const next = await bench.leader(`leader/${i + 2}`, store);
        const leads = new Promise<number>((resolve) => {
          next.process.onEvent((event) => "leads" in event && event.leads && resolve(event.at));
        });
        await sleep(Math.random() * 500);
        const killedAt = monotonicMs();
        await active.process.kill();
        delays.push((await leads) - killedAt);
        active = next;
      }
      return delays;
    });
  } finally {
    await postgres.stop();
  }
}

/** Milliseconds of an emergency stop, from the call to the answer with every worker in it, while tasks are submitted. */
export function measureStop(workers: number, times: number): Promise<number[]> {
  return withBench(async (bench) => {
    const { process, address } = await bench.leader("leader/1");
    const crew = await bench.crew("crew", workers);
    await crew.ask({ do: "work", leaders: [address], count: workers });
    const swarm = await bench.operator([address]);
    const flooder = await bench.operator([address]);
    await untilThere(process, workers);
    let flooding = true;
    const flood = inParallel(
      32,
      endless(() => flooding),
      async () => {
        await flooder.submit({ kind: "nothing", requiredCapabilities: ["nobody"] }).catch(() => {});
      },
    );
    const delays: number[] = [];
    for (let i = 0; i < times; i++) {
      const began = monotonicMs();
      const { safety } = await swarm.emergencyStop("bench", { waitMs: 5_000 });
      delays.push(monotonicMs() - began);
      if (safety?.workers.some(({ outcome }) => outcome !== 1)) throw new Error("a worker has not stopped");
      await swarm.resetEmergencyStop(safety?.stopId ?? "", "bench");
    }
    flooding = false;
    await flood;
    return delays;
  });
}

function* endless(goesOn: () => boolean): Generator<number> {
  for (let i = 0; goesOn(); i++) yield i;
}

/** The cost of connected workers for a leader. */
export interface Weight {
  readonly workers: number;
  /** Live objects, above those without workers, per worker. */
  readonly heap_kb: number;
  readonly rss_kb: number;
  /** Per worker and second. */
  readonly cpu_us: number;
}

/** Connects workers up to each of these counts, and calls `found` with the cost at that count. */
export function measureConnected(
  counts: readonly number[],
  onProgress: (line: string) => void,
  found: (weight: Weight) => void,
): Promise<void> {
  return withBench(async (bench) => {
    const { process, address } = await bench.leader("leader/1");
    const most = Math.max(...counts);
    const processes = 4;
    const share = Math.ceil(most / processes);
    const crews = await Promise.all(Array.from({ length: processes }, (_, i) => bench.crew(`crew${i}`, share)));
    onProgress(`${share * processes} bots have joined`);
    const bare = await process.ask({ do: "weigh" });
    for (const count of counts) {
      await Promise.all(
        crews.map((crew) => crew.ask({ do: "work", leaders: [address], count: Math.ceil(count / processes) })),
      );
      await untilThere(process, count);
      await sleep(2_000); // Lets the work of connecting end.
      const before = await process.ask({ do: "weigh" });
      const began = monotonicMs();
      await sleep(5_000);
      const after = await process.ask({ do: "weigh" });
      const seconds = (monotonicMs() - began) / 1_000;
      const per = (figure: "heap" | "rss") => ((after[figure] ?? 0) - (bare[figure] ?? 0)) / count / 1_024;
      found({
        workers: count,
        heap_kb: per("heap"),
        rss_kb: per("rss"),
        cpu_us: ((after.cpu ?? 0) - (before.cpu ?? 0)) / count / seconds,
      });
      onProgress(`${count} workers are connected`);
    }
  });
}

async function untilThere(process: LeaderProcess, count: number): Promise<void> {
  for (const end = Date.now() + 60_000; ((await process.ask({ do: "weigh" })).workers ?? 0) < count; ) {
    if (Date.now() > end) throw new Error(`${count} workers have not connected within 60 s`);
    await sleep(100);
  }
}

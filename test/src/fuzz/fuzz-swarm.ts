import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { jsonLog } from "@interlock/bot";
import { createTestFleet } from "@interlock/bot/testing";
import {
  connectSwarm,
  createLeader,
  DispatchService,
  isClosed,
  leaderRoutes,
  OperatorService,
  runWorker,
  SafetyService,
  TaskState,
  taskStateName,
} from "@interlock/swarm";
import { openTaskStore } from "@interlock/swarm/store";
import { casesOf } from "./cases.js";
import type { Fuzzed, FuzzOptions } from "./fuzzed.js";
import { createRandom } from "./random.js";
import { type Answers, tryCases } from "./try-cases.js";

const unlimited = { perSecond: 1e6, burst: 1e6 };

/**
 * Sends a leader every request with every field at its extremes. Meanwhile a worker has a task in hand, and an operator submits:
 * neither must notice, and the leader leads all along.
 *
 * @param place - The tasks' store: a file or a database. Default: a file of its own.
 */
export async function fuzzSwarm({ seed, mixed, share }: FuzzOptions, place?: string): Promise<Fuzzed> {
  const folder = await mkdtemp(join(tmpdir(), "interlock-fuzz-"));
  const fleet = await createTestFleet();
  const store = await openTaskStore(place ?? join(folder, "tasks.db"));
  const quotaOf = () => ({ openTasks: 1e6, openBytes: 1e9, lanes: 1e6, raisedTasks: 1e6, ...unlimited });
  const reads = { ...unlimited, watches: 1_000 };
  const leader = createLeader({ name: "leader/1", store, quotaOf, reads, log: jsonLog });
  const leads: boolean[] = [];
  leader.onLead((now) => leads.push(now));
  while (!leader.leads) await pause(10);
  leads.length = 0;
  const { address } = await (await fleet.bot("leader/1")).serve(
    { port: 0, callerRate: unlimited },
    leaderRoutes(leader),
  );

  const operator = await fleet.bot("operator/honest");
  const swarm = connectSwarm(operator, [address]);
  const worker = await fleet.bot("worker/honest");
  const over = new AbortController();
  let finish = () => {};
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const working = runWorker(
    worker,
    { leaders: [address], capabilities: ["honest"], signal: over.signal },
    async (task, { checkpoint }) => {
      if (task.kind === "quick") return Buffer.from("quick");
      await checkpoint(Buffer.from("half"));
      await finished;
      return Buffer.from("whole");
    },
  );
  const inHand = await swarm.submit({ kind: "slow", requiredCapabilities: ["honest"], maximumAttempts: 1_000 });

  async function check(): Promise<void> {
    if (leads.length > 0) throw new Error("the leader did not lead for a while");
    fleet.trust.touch(); // There is no authority that would keep it fresh.
    const { task } = await swarm.submit({ kind: "waits", requiredCapabilities: ["nobody"] }, { timeoutMs: 5_000 });
    await swarm.cancel(task.taskId, "");
    await swarm.list({}, { timeoutMs: 5_000 });
  }

  /** Lets go on what the fuzz has stopped: it may stop everything, since it has the scope. */
  async function letGoOn(): Promise<void> {
    const { safety } = await swarm.emergencyStop("the last one", { waitMs: 1 });
    await swarm.resetEmergencyStop(safety?.stopId ?? "", "over");
  }

  const random = createRandom(seed);
  const { encode, fromPartial } = DispatchService.methods.dispatch.request;
  const session = encode(fromPartial({ event: { $case: "session", value: {} } })).finish();
  const submit = OperatorService.methods.submitTask.request;
  const task = submit.encode(submit.fromPartial({ kind: "fuzz", requiredCapabilities: ["nobody"] })).finish();
  const bases = { submitTask: [task], dispatch: [session] };
  const cancel = OperatorService.methods.cancelTasks.request;
  const only = { cancelTasks: cancel.encode(cancel.fromPartial({ submittedBy: "worker/fuzz-1" })).finish() };
  const answers: Answers = {};
  const problems: string[] = [];
  let count = 0;
  try {
    for (const definition of [OperatorService, SafetyService, DispatchService]) {
      const names = ["worker/fuzz-1", "worker/fuzz-2", "worker/fuzz-3"];
      const fuzzers = await Promise.all(names.map((name) => fleet.bot(name)));
      const cases = casesOf(definition, random, { mixed, share, bases, only });
      count += cases.length;
      const first = (method: string) => (method === "dispatch" && random.below(4) > 0 ? session : undefined);
      const result = await tryCases(fuzzers, definition, address, cases, { check, first });
      for (const [answer, times] of Object.entries(result.answers)) answers[answer] = (answers[answer] ?? 0) + times;
      problems.push(...result.problems.map((problem) => `${definition.name}: ${problem}`));
      for (const fuzzer of fuzzers) await fuzzer.close(0);
    }
    await letGoOn();
    finish();
    const { task: quick } = await swarm.submit({ kind: "quick", requiredCapabilities: ["honest"], priority: 1_000 });
    for (const { taskId } of [quick, inHand.task]) {
      const end = performance.now() + 10_000;
      let task = await swarm.get(taskId);
      while (!isClosed(task.state) && performance.now() < end) {
        await pause(50);
        task = await swarm.get(taskId);
      }
      if (task.state === TaskState.TASK_STATE_COMPLETED) continue;
      problems.push(`an honest task was not done: ${taskStateName(task.state)}, ${task.reason}`);
    }
  } catch (error) {
    problems.push(`at the end: ${String(error)}`);
  } finally {
    over.abort();
    await working.catch(() => {});
    await leader.close();
    await store.close();
    await rm(folder, { recursive: true });
  }
  return { cases: count, answers, problems };
}

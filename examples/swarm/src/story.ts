import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { InterlockError, reasons } from "@interlock/bot";
import { isClosed, swarmReasons, type Task, TaskState } from "@interlock/swarm";
import { type Account, settle } from "./account.js";
import type { Act, Seen } from "./acts/act.js";
import { type Chronicle, createChronicle } from "./chronicle.js";
import type { Feed } from "./dashboard/feed.js";
import { startFleet } from "./fleet.js";
import { ActState } from "./gen/warehouse/v1/feed.js";
import { createStage, type Stage } from "./stage.js";

/** An act that has been played. */
export interface Played extends Seen, Pick<Act, "expected" | "bars" | "verdict"> {
  readonly act: string;
}

/** The result of the story. */
export interface Outcome {
  readonly ok: boolean;
  readonly tasks: Account;
  readonly acts: readonly Played[];
  /** Other problems, for people. */
  readonly problems: readonly string[];
}

export interface StoryOptions {
  readonly acts: readonly Act[];
  readonly workers: number;
  readonly tasks: number;
  readonly seed: number;
  /** A file for the record of the run; empty for none. */
  readonly record: string;
  /** A new folder for the data of the fleet, which stays; empty for none. */
  readonly data: string;
  /** The grants of the fleet: a grants file. */
  readonly grants: string;
  /** The pause after each act, in milliseconds, so that people can follow. */
  readonly restMs: number;
  /** The feed that gets all events. */
  readonly feed: Feed;
  /** Ends the story early. */
  readonly signal: AbortSignal;
  /** Is called when the stage is set. `joinLine` is the command that adds one more robot. */
  readonly onStage: (stage: Stage, joinLine: string) => void;
  /** Is called when the story has ended. The swarm stops when the promise resolves. */
  readonly onTold: (outcome: Outcome, stage: Stage) => Promise<void>;
}

const limitMs = 240_000;
const stepMs = 14;
const lastWordsMs = 250;

/** Starts the fleet, plays the acts against it one after the other, and draws up the account of the tasks. */
export async function tellStory(options: StoryOptions): Promise<Outcome> {
  const { feed, seed, workers, record, data, grants } = options;
  const dir = await createFolder(data);
  const chronicle = createChronicle();
  const problems: string[] = [];
  const over = new AbortController();
  let told = false;
  const fail = (problem: string) => {
    if (told) return; // The story has ended, so later ends are expected.
    if (!over.signal.aborted) problems.push(problem);
    over.abort();
  };
  const timer = setTimeout(() => fail(`not done after ${limitMs / 1_000} s`), limitMs);
  options.signal.addEventListener("abort", () => fail("interrupted"));
  let current: Act | undefined;
  passOn(chronicle, feed, () => current?.attacker ?? "");
  let stop: () => Promise<void> = async () => {};
  const played: Played[] = [];
  let stage: Stage | undefined;

  async function tell(): Promise<Outcome> {
    for (const { name, title, expected } of options.acts) {
      feed.publish({ act: { act: name, title, expected, state: ActState.ACT_STATE_PLANNED } });
    }
    feed.publish({ note: { text: "The fleet starts." } });
    const fleet = await startFleet({
      dir,
      workers,
      seed,
      stepMs,
      feed,
      record,
      grants,
      chronicle,
      onDeath: fail,
      onStarted: (stopFleet) => {
        stop = stopFleet;
      },
    });
    stage = await createStage(fleet, chronicle, options, over.signal, fail);
    options.onStage(stage, await fleet.joinLine(`worker/${workers + 2}`));
    feed.publish({ note: { text: "The robots are at work." } });
    for (const act of options.acts) {
      current = act;
      played.push(await play(act, stage, feed));
      current = undefined;
      await delay(options.restMs, undefined, { signal: over.signal });
    }
    feed.publish({ note: { text: "The rest is carried." } });
    const recorded = await everythingDone(stage, over.signal);
    const strange = recorded.filter(({ taskId }) => !stage?.work.submitted.has(taskId));
    if (strange.length > 0) problems.push(`${strange.length} tasks were submitted by somebody else`);
    const tasks = settle(stage.work.submitted, recorded.map(asRecorded), chronicle.all("effect"));
    problems.push(...recorded.filter((task) => !asRecorded(task).completed).map(describe));
    const whole = tasks.completed === tasks.submitted && tasks.lost === 0 && tasks.duplicated === 0;
    const ok = problems.length === 0 && whole && played.every((each) => each.ok);
    const outcome: Outcome = { ok, tasks, acts: played, problems };
    feed.publish({ outcome: { ok, ...tasks } });
    clearTimeout(timer);
    told = true;
    await delay(lastWordsMs); // Until the last event is in the record.
    await options.onTold(outcome, stage);
    return outcome;
  }

  const failed = new Promise<never>((_, reject) => {
    over.signal.addEventListener("abort", () => reject(new Error("The story was stopped.")));
  });
  failed.catch(() => {});
  try {
    return await Promise.race([tell(), failed]);
  } catch (error) {
    if (problems.length === 0) problems.push(InterlockError.from(error).message);
    const none = { submitted: 0, completed: 0, lost: 0, duplicated: 0 };
    const known = [...(stage?.work.tasks.values() ?? [])].map(asRecorded);
    const tasks = stage ? settle(stage.work.submitted, known, chronicle.all("effect")) : none;
    return { ok: false, tasks, acts: played, problems };
  } finally {
    clearTimeout(timer);
    over.abort();
    await stop();
    if (data === "") await rm(dir, { recursive: true, force: true });
  }
}

async function createFolder(path: string): Promise<string> {
  if (path === "") return mkdtemp(join(tmpdir(), "interlock-swarm-"));
  await mkdir(path, { mode: 0o700 });
  return resolve(path);
}

/** Plays one act, and publishes its result. An act that cannot be played has failed. */
async function play(act: Act, stage: Stage, feed: Feed): Promise<Played> {
  const { name, title, expected, bars, verdict } = act;
  feed.publish({ act: { act: name, title, expected, state: ActState.ACT_STATE_RUNNING } });
  feed.publish({ note: { text: `${title}.` } });
  const began = performance.now();
  const seen = await act.play(stage).catch((error): Seen => {
    return { seen: InterlockError.from(error).message, ms: performance.now() - began, ok: false };
  });
  const ms = Math.round(seen.ms);
  feed.publish({ act: { act: name, state: ActState.ACT_STATE_ENDED, seen: seen.seen, ms, ok: seen.ok } });
  return { act: name, expected, bars, verdict, ...seen, ms };
}

/** Publishes the denials and certificates that the processes report. */
function passOn(chronicle: Chronicle, feed: Feed, attacker: () => string): void {
  const generations = new Map<string, number>();
  chronicle.onSaid((said) => {
    if (said.type === "denial") {
      const { at, ...denial } = said.denial;
      const [code] = reasons[denial.reason as keyof typeof reasons] ?? ["UNKNOWN"];
      feed.publish({ denial: { ...denial, code, count: said.count, attacker: attacker(), refusedBy: said.from } }, at);
    }
    if (said.type === "refusal") {
      const { worker: caller, reason, taskId } = said;
      const [code] = swarmReasons[reason as keyof typeof swarmReasons] ?? ["UNKNOWN"];
      const method = "/interlock.swarm.v1.DispatchService/Dispatch";
      const what = { caller, code, reason, method, detail: `task ${taskId}`, refusedBy: said.from };
      feed.publish({ denial: { ...what, attacker: attacker() } });
    }
    if (said.type === "credential") {
      const generation = (generations.get(said.from) ?? 0) + 1;
      generations.set(said.from, generation);
      const [certificateIssuedAt, certificateExpiresAt] = [new Date(said.issuedAt), new Date(said.expiresAt)];
      feed.publish({ credential: { bot: said.from, certificateIssuedAt, certificateExpiresAt, generation } });
    }
    if (said.type === "token") {
      const [tokenIssuedAt, tokenExpiresAt] = [new Date(said.issuedAt), new Date(said.expiresAt)];
      feed.publish({ credential: { bot: said.name, tokenIssuedAt, tokenExpiresAt } });
    }
    if (said.type === "revoked") feed.publish({ credential: { bot: said.name, revoked: true } });
  });
}

/** Resolves to all tasks, once all of them are closed. */
async function everythingDone({ work }: Stage, signal: AbortSignal): Promise<readonly Task[]> {
  for (;;) {
    const tasks = await work.listAll();
    if (tasks.every(({ state }) => isClosed(state))) return tasks;
    await delay(200, undefined, { signal });
  }
}

function asRecorded({ taskId, state }: Task): { taskId: string; completed: boolean } {
  return { taskId, completed: state === TaskState.TASK_STATE_COMPLETED };
}

function describe({ taskId, worker, attempt, reason }: Task): string {
  return `task ${taskId}: ${worker || "no worker"}, attempt ${attempt}${reason && `, ${reason}`}`;
}

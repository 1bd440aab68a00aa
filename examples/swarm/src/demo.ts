// The story: a fleet of robots carries items across a warehouse, while four attackers try to take part.
//   node examples/swarm/dist/demo.js [--json] [--workers N] [--tasks N] [--seed N]
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Denial, InterlockError, reasons } from "@interlock/bot";
import { type Task, TaskState } from "@interlock/swarm";
import { type Account, type Executed, type Recorded, settle } from "./account.js";
import { attacks } from "./attackers.js";
import { startFleet } from "./fleet.js";
import { operate, type Work } from "./operate.js";
import { type Options, readOptions, usage } from "./options.js";
import { makeOrders } from "./orders.js";
import { type Repelled, raid } from "./raid.js";
import { createReporter } from "./reporter.js";
import type { Refused } from "./view.js";
import { createWorld } from "./world.js";

const limitMs = 90_000;

/** How it ended; with --json, all that is printed. */
interface Result {
  readonly ok: boolean;
  readonly workers: number;
  readonly tasks: Account;
  readonly denials: readonly Pick<Repelled, "attack" | "code" | "reason">[];
}

async function main(options: Options): Promise<boolean> {
  const began = performance.now();
  const elapsed = () => (performance.now() - began) / 1_000;
  const world = createWorld();
  const executed: Executed[] = [];
  const records: Denial[] = [];
  const refused: Refused[] = [];
  const repelled: Repelled[] = [];
  const problems: string[] = [];
  const over = new AbortController();
  const failed = new AbortController();
  const dir = await mkdtemp(join(tmpdir(), "interlock-swarm-"));
  let stage = "starting the fleet";
  let recorded: readonly Task[] = [];
  let work: Work | undefined;
  const dead = new Set<string>();
  let attacking = false;
  let joinLine = "";
  let stop: () => Promise<void> = async () => {};

  const fail = (problem: string) => {
    if (over.signal.aborted) return;
    problems.push(problem);
    over.abort();
    failed.abort();
  };
  const timer = setTimeout(() => fail(`not done after ${limitMs / 1_000} s, while ${stage}`), limitMs);
  const interrupt = () => fail("interrupted");
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, interrupt);

  const reporter = createReporter(options.json, () => ({
    ...{ world, elapsed: elapsed(), joinLine, denials: refused, robots: work?.robots() ?? [] },
    tasks: { total: options.tasks, ...(work?.counts() ?? { waiting: 0, active: 0, done: 0 }) },
    note: stage,
  }));

  function onDenial(denial: Denial): void {
    records.push(denial);
    if (attacking) return; // The raid reports what its attacker saw.
    const [code] = reasons[denial.reason as keyof typeof reasons] ?? ["UNKNOWN"];
    refuse({ who: denial.caller || denial.address, code, reason: denial.reason });
  }

  function refuse(denial: Omit<Refused, "at">): void {
    refused.push({ at: elapsed(), ...denial });
    reporter.refused(refused.at(-1) as Refused);
  }

  function mourn(name: string): void {
    dead.add(name);
    stage = `carrying; ${[...dead].join(", ")} died`;
    if (dead.size === options.workers) fail("every robot died");
  }

  async function tell(): Promise<void> {
    const fleet = await startFleet({
      ...{ dir, workers: options.workers, seed: options.seed, stepMs: options.json ? 2 : 6 },
      onStarted: (stopFleet) => {
        stop = stopFleet;
      },
      onMessage(from, message) {
        if (message.type === "denial") onDenial(message.denial);
        if (message.type === "executed") executed.push({ worker: from, ...message });
      },
      // A robot may die: its tasks go to the others.
      onDeath: (name, problem) => (name.startsWith("worker/") ? mourn(name) : fail(problem)),
    });
    stage = "carrying";
    const { signal } = over;
    work = operate(fleet.operator, fleet.leader, signal, fail);
    const crew = work;
    const share = () => crew.counts().done / options.tasks;
    const until = async (isSo: () => boolean) => {
      while (!isSo() && !signal.aborted) await delay(20);
    };
    if (!options.json) void keepDoorOpen(fleet.joinLine, crew, options.workers, signal);

    const raiding = raid(
      fleet.loot,
      records,
      async (due) => {
        await until(() => share() >= due);
        attacking = true;
      },
      (outcome) => {
        attacking = false;
        repelled.push(outcome);
        refuse({ who: outcome.title, code: outcome.code, reason: outcome.reason });
      },
    );
    await Promise.all([
      work.submit(makeOrders(world, options.tasks, options.seed)),
      raiding,
      until(() => share() >= 1),
    ]);
    if (signal.aborted) return;

    stage = "counting";
    const tasks = await work.listAll();
    const intruders = tasks.filter(({ submittedBy }) => submittedBy !== fleet.operator.name);
    if (intruders.length > 0) problems.push(`${intruders.length} tasks were submitted by somebody else`);
    recorded = tasks;
    over.abort();
  }

  async function keepDoorOpen(
    line: (name: string) => Promise<string>,
    crew: Work,
    workers: number,
    signal: AbortSignal,
  ): Promise<void> {
    for (let next = workers + 1; !signal.aborted; next++) {
      joinLine = await line(`worker/${next}`);
      reporter.door(joinLine);
      while (!signal.aborted && !crew.robots().some(({ name }) => name === `worker/${next}`)) await delay(200);
    }
  }

  const giveUp = new Promise<void>((resolve) => failed.signal.addEventListener("abort", () => resolve()));
  await Promise.race([tell().catch((error) => fail(InterlockError.from(error).message)), giveUp]);
  reporter.close();
  await stop(); // From here on everything that the workers had to say has been heard.
  clearTimeout(timer);
  await rm(dir, { recursive: true, force: true });

  const ours = new Set(Array.from({ length: options.workers }, (_, i) => `worker/${i + 1}`));
  const leaders = recorded.length > 0 ? recorded : [...(work?.tasks.values() ?? [])];
  const account = settle(work?.submitted ?? [], leaders.map(asRecorded), executed, ours);
  const wrong = repelled.filter(({ ok }) => !ok).map(({ attack, code, reason }) => `${attack}: ${code} ${reason}`);
  problems.push(...wrong);
  const whole = account.completed === options.tasks && account.lost === 0 && account.duplicated === 0;
  const ok = problems.length === 0 && whole && repelled.length === attacks.length;
  const denials = repelled.map(({ attack, code, reason }) => ({ attack, code, reason }));
  const result: Result = { ok, workers: options.workers, tasks: account, denials };
  if (!ok && work) problems.push(...stuck(leaders, repelled.length));
  reporter.end(result.tasks, refused, problems, elapsed());
  if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  return ok;
}

/** What has not come to a good end. */
function stuck(tasks: readonly Task[], repelled: number): string[] {
  const undone = tasks.filter(({ state }) => state !== TaskState.TASK_STATE_COMPLETED);
  const named = undone.slice(0, 5).map(({ taskId, worker, attempt, progress, reason }) => {
    const stage = progress?.stage || "not begun";
    return `task ${taskId}: ${worker || "no worker"}, attempt ${attempt}, ${stage}${reason && `, ${reason}`}`;
  });
  return [`${undone.length} tasks are not completed, ${repelled} of ${attacks.length} attacks are over`, ...named];
}

function asRecorded({ taskId, state, worker, attempt }: Task): Recorded {
  return { taskId, worker, attempt, completed: state === TaskState.TASK_STATE_COMPLETED };
}

try {
  const options = readOptions(process.argv.slice(2));
  if (!options) console.log(usage);
  // Whatever is still there ends with this process.
  process.exit(options && !(await main(options)) ? 1 : 0);
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}\n\n${usage}`);
  process.exit(2);
}

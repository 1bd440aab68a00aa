import assert from "node:assert/strict";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isClosed, type Task, TaskState } from "@interlock/swarm";
import { findPostgres, startPostgres } from "@interlock/testing-postgres";
import { createRandom } from "@interlock/testing-processes";
import { createSink } from "./sink.js";
import { type SwarmFleet, type SwarmProcess, startSwarmFleet, until } from "./swarm-fleet.js";

const workerCount = 8;
const taskCount = 2_000;
// The shortest time, and the number of tasks that must have had their effect: chaos must hit running work.
const chaosMs = 8_000;
const inTheMiddle = 200;
/** How long one call, or the end of all tasks, may take, in milliseconds. */
const patienceMs = 240_000;

describe("the swarm under chaos", function () {
  this.timeout(600_000); // A busy machine may take long; nothing may be lost however long it takes.

  // Both run at the same time: the test is that nothing is lost, however long it takes.
  let onSqlite: Promise<void>;
  let onPostgres: Promise<void> | undefined;

  before(() => {
    onSqlite = inFleet((fleet) => survive(fleet, join(fleet.folder, "tasks.db"), 1));
    onSqlite.catch(() => {}); // The test awaits it, too.
    const found = findPostgres();
    if (typeof found === "string") return console.log(`    skipped: chaos on PostgreSQL (${found})`);
    onPostgres = inFleet(async (fleet) => {
      const postgres = await startPostgres();
      try {
        await survive(fleet, await postgres.createDatabase(), 2);
      } finally {
        await fleet.close();
        await postgres.stop();
      }
    });
    onPostgres.catch(() => {});
  });

  it("loses nothing and does nothing twice, with one leader on SQLite", () => onSqlite);

  it("loses nothing and does nothing twice, with two leaders on PostgreSQL", function () {
    if (!onPostgres) this.skip();
    return onPostgres;
  });

  async function inFleet(work: (fleet: SwarmFleet) => Promise<void>): Promise<void> {
    const fleet = await startSwarmFleet();
    try {
      await work(fleet);
    } finally {
      await fleet.close();
    }
  }

  async function survive(fleet: SwarmFleet, store: string, leaderCount: number): Promise<void> {
    const seed = Number(process.env.CHAOS_SEED ?? Math.floor(Math.random() * 2 ** 32));
    console.log(`      CHAOS_SEED=${seed}`);
    const random = createRandom(seed);
    const leaders: SwarmProcess[] = [];
    for (let i = 1; i <= leaderCount; i++) leaders.push(await fleet.start("leader", `leader/${i}`, { store }));
    const sink = createSink();
    const workers = await Promise.all(
      Array.from({ length: workerCount }, (_, i) =>
        fleet.start("worker", `worker/${i + 1}`, i % 2 ? { slots: 8 } : { slots: 4, prefetch: 4 }).then(sink.attach),
      ),
    );
    const swarm = await fleet.operator("operator/1");

    const end = Date.now() + chaosMs;
    const submitted: string[] = [];
    async function submit(): Promise<void> {
      for (let i = submitted.length; i < taskCount; i = submitted.length) {
        submitted.push("");
        const request = {
          kind: "effect",
          idempotencyKey: `order-${i}`,
          requiredCapabilities: ["test"],
          maximumAttempts: 1_000,
        };
        const { task } = await swarm.submit(request, { timeoutMs: patienceMs });
        submitted[i] = task.taskId;
      }
    }

    const counts: Record<string, number> = {};
    const mending = new Set<Promise<void>>();
    async function hurt(victim: SwarmProcess, kill: boolean, forMs: number): Promise<void> {
      const what = `${kill ? "SIGKILL" : "SIGSTOP"} ${victim.name.split("/")[0]}`;
      counts[what] = (counts[what] ?? 0) + 1;
      await victim.signal(kill ? "SIGKILL" : "SIGSTOP");
      await sleep(forMs);
      if (kill) await victim.restart();
      else await victim.signal("SIGCONT");
    }
    async function rage(): Promise<void> {
      const well = new Set([...leaders, ...workers]);
      while (Date.now() < end || sink.total() < inTheMiddle) {
        const some = random() < 0.3 ? leaders : workers;
        const victim = some[Math.floor(random() * some.length)] as SwarmProcess;
        const [kill, forMs] = [random() < 0.5, 500 + random() * 3_000];
        await sleep(150 + random() * 300);
        if (!well.delete(victim)) continue;
        const hurting = hurt(victim, kill, kill ? forMs / 4 : forMs).then(() => {
          well.add(victim);
          mending.delete(hurting);
        });
        mending.add(hurting);
      }
      await Promise.all(mending);
    }

    await Promise.all([rage(), ...Array.from({ length: 16 }, submit)]);
    const ids = new Set(submitted);
    const all = async () => {
      const tasks: Task[] = [];
      for (let pageToken = "", more = true; more; more = pageToken !== "") {
        const page = await swarm.list({ pageSize: 1_000, pageToken }, { timeoutMs: patienceMs });
        tasks.push(...page.tasks);
        pageToken = page.nextPageToken;
      }
      return tasks;
    };
    await until(async () => (await all()).every(({ state }) => isClosed(state)), "every task is closed", patienceMs);
    const closed = await all();
    const done = new Set(closed.filter(({ state }) => state === TaskState.TASK_STATE_COMPLETED).map((t) => t.taskId));
    const lost = [...ids].filter((taskId) => !done.has(taskId) || sink.effects(taskId) === 0);
    const doubled = [...ids].filter((taskId) => sink.effects(taskId) > 1);
    const again = closed.filter(({ attempt }) => attempt > 1).length;
    const { stale } = sink;
    console.log(`      ${JSON.stringify({ ...counts, tasks: ids.size, again, refusedBySink: stale() })}`);
    assert.deepEqual([ids.size, closed.length, lost.length, doubled.length], [taskCount, taskCount, 0, 0]);
    assert.ok(again > 0, "there was some chaos");
  }
});

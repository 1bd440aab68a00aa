import { InterlockError } from "@interlock/bot";
import { OperatorService } from "@interlock/swarm";
import type { Attack } from "../attack.js";
import { createTally, memberGrants, members, playWorker } from "../member.js";

const mebibyte = 1_024 * 1_024;
const timeoutMs = 5_000;
const attackerKind = "large";

export const largeTasks: Attack = {
  name: "large-tasks",
  row: 52,
  title: "tasks, results and reasons near the size of a message and over it",
  who: "M",
  target: "leader",
  probes: ["submit", "tasks", "stop"],
  bots: members,
  grants: memberGrants,
  allowed: ["3", "8"],
  async run({ target, bots, signal }) {
    const [operator, worker] = bots;
    if (!operator || !worker) throw new Error("no bots");
    const operations = operator.client(OperatorService, target.address);
    const tally = createTally();
    let results = 0;
    let problem: string | undefined;

    /** A worker that answers each of its own tasks with 3 MB. */
    playWorker(worker, target.address, {
      session: { capabilities: [attackerKind], slots: 50 },
      signal,
      hear(event, say) {
        if (event.$case === "receipt" && event.value.recorded) problem = "a result of 3 MB was recorded";
        if (event.$case !== "assignments") return;
        for (const { lease } of event.value.assignments) {
          if (results++ >= 60) return;
          say({ $case: "completeTask", value: { lease, result: Buffer.alloc(3_000_000) } });
        }
      },
    }).catch(() => {});

    /** Submits a task that is as large as one may be: it is taken, and makes the lists long. */
    async function submitLarge(): Promise<void> {
      const payload = Buffer.alloc(mebibyte);
      const task = { kind: attackerKind, payload, requiredCapabilities: [attackerKind], maximumAttempts: 1 };
      await operations.submitTask(task, { timeoutMs }).catch(() => {});
    }

    // More of them than a message can carry.
    for (let i = 0; i < 5; i++) await submitLarge();
    while (!signal.aborted) {
      await operations.listTasks({ pageSize: 1_000 }, { timeoutMs }).catch((error) => {
        const { reason, message } = InterlockError.from(error);
        if (reason !== "QUOTA_EXCEEDED") problem = `a list cannot be read: ${message}`;
      });
      for (const bytes of [mebibyte + 1_000, 4 * mebibyte - 1_000, 4 * mebibyte - 100, 5 * mebibyte, 2 * mebibyte]) {
        await tally.count(operations.submitTask({ kind: "x", payload: Buffer.alloc(bytes) }, { timeoutMs }));
      }
      const text = "x".repeat(3_000_000);
      for (const task of [
        { kind: text },
        { kind: "x", fairnessKey: text },
        { kind: "x", requiredCapabilities: [text] },
      ]) {
        await tally.count(operations.submitTask(task, { timeoutMs }));
      }
      const many = Array<string>(100_000).fill("c");
      await tally.count(operations.submitTask({ kind: "x", requiredCapabilities: many }, { timeoutMs }));
      await tally.count(operations.cancelTask({ taskId: "x", reason: text }, { timeoutMs }));
      for (let i = 0; i < 2; i++) await submitLarge();
    }
    return { sent: tally.sent, answers: tally.answers, note: `${results} results of 3 MB`, problem };
  },
};

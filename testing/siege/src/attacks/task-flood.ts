import { OperatorService } from "@interlock/swarm";
import type { Attack } from "../attack.js";
import { createTally, memberGrants, members } from "../member.js";

const tasks = 100_000;
const atOnce = 64;
/** More than the raised tasks that one submitter may have open. */
const share = 1_500;

export const taskFlood: Attack = {
  name: "task-flood",
  row: 54,
  title: "100,000 tasks of one submitter, at the highest priority, that nobody can do",
  who: "M",
  target: "leader",
  probes: ["submit", "tasks", "stop"],
  bots: members,
  grants: memberGrants,
  allowed: ["8"],
  async run({ target, bots, signal }) {
    const [operator] = bots;
    if (!operator) throw new Error("no operator");
    const operations = operator.client(OperatorService, target.address);
    const tally = createTally();
    let order = 0;
    let taken = 0;
    async function submit(): Promise<void> {
      while (!signal.aborted && order < tasks) {
        const i = order++;
        const priority = i % 2 === 0 ? 2 ** 31 - 1 - (i % 1_000) : 1 + (i % 1_000);
        const requiredCapabilities = [`nobody-${i}`];
        const call = operations.submitTask(
          { kind: "x", priority, requiredCapabilities, fairnessKey: `${i}` },
          { timeoutMs: 5_000 },
        );
        // What is within its share is taken.
        if (
          await call.then(
            () => true,
            () => false,
          )
        )
          taken++;
        else await tally.count(call);
      }
    }
    await Promise.all(Array.from({ length: atOnce }, submit));
    const problem = taken > share ? `${taken} tasks were taken` : undefined;
    return { sent: tally.sent, answers: tally.answers, note: `${taken} tasks taken`, problem };
  },
};

import { type Lease, OperatorService } from "@interlock/swarm";
import type { Attack } from "../attack.js";
import { createTally, memberGrants, members, playWorker } from "../member.js";

const checkpoint = Buffer.alloc(1_024 * 1_024, 1);
const kind = "large";
const slots = 8;
/** How many checkpoints of each task are under way at a time. */
const underWay = 4;

export const largeCheckpoints: Attack = {
  name: "large-checkpoints",
  row: 52,
  title: "checkpoints as large as they may be, each as soon as an earlier one is saved",
  who: "M",
  target: "leader",
  probes: ["submit", "tasks", "stop"],
  bots: members,
  grants: memberGrants,
  allowed: ["0"],
  async run({ target, bots, signal }) {
    const [operator, worker] = bots;
    if (!operator || !worker) throw new Error("no bots");
    const operations = operator.client(OperatorService, target.address);
    const tally = createTally();
    let saved = 0;
    let sequence = 0;
    const working = playWorker(worker, target.address, {
      session: { capabilities: [kind], slots },
      signal,
      hear(event, say) {
        const save = (lease: Lease | undefined) =>
          say({ $case: "reportProgress", value: { lease, progress: undefined, checkpoint, sequence: ++sequence } });
        if (event.$case === "receipt") {
          saved++;
          save(event.value.lease);
        }
        if (event.$case !== "assignments") return;
        for (const { lease } of event.value.assignments) for (let i = 0; i < underWay; i++) save(lease);
      },
    });
    for (let i = 0; i < slots; i++) {
      await tally.count(operations.submitTask({ kind, requiredCapabilities: [kind] }, { signal }));
    }
    await working.catch(() => {}); // It ends with the attack.
    const problem = saved === 0 ? "no checkpoint was saved" : undefined;
    return { sent: tally.sent + saved, answers: tally.answers, note: `${saved} checkpoints of 1 MiB`, problem };
  },
};

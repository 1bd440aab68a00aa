import type { Attack } from "../attack.js";
import { createTally, memberGrants, members, playWorker } from "../member.js";

const lease = { taskId: "none", attempt: 1, leaseToken: 1n, leaderEpoch: 1n };
const request = { event: { $case: "extendLease" as const, value: { lease } } };
const batch = { $case: "batch" as const, value: { requests: Array(512).fill(request) } };

export const bogusReports: Attack = {
  name: "bogus-reports",
  row: 53,
  title: "refused reports by the hundred thousand, in batches, on stream after stream",
  who: "M",
  target: "leader",
  probes: ["submit", "stop"],
  bots: members,
  grants: memberGrants,
  allowed: ["8"],
  async run({ target, bots, signal }) {
    const worker = bots[1];
    if (!worker) throw new Error("no worker");
    const tally = createTally();
    let reports = 0;
    while (!signal.aborted) {
      const over = new AbortController();
      const either = AbortSignal.any([signal, over.signal]);
      const script = {
        session: { slots: 1, acceptsBatches: true },
        signal: either,
        hear(event: { $case: string }, say: (event: typeof batch) => void) {
          if (event.$case !== "sessionOpened") return;
          for (let i = 0; i < 270; i++) say(batch);
          reports += 270 * 512;
        },
      };
      const stream = playWorker(worker, target.address, script);
      // The end of the attack itself is no answer.
      if (!(await Promise.race([stream.then(ignore, ignore), ended(signal)]))) break;
      await tally.count(stream);
      over.abort();
    }
    return { sent: tally.sent, answers: tally.answers, note: `${reports} reports` };
  },
};

const ignore = () => true;

function ended(signal: AbortSignal): Promise<false> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(false), { once: true }));
}

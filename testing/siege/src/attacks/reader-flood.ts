import { setTimeout as pause } from "node:timers/promises";
import type { InterlockError } from "@interlock/bot";
import { OperatorService, SafetyService } from "@interlock/swarm";
import type { Attack } from "../attack.js";
import { createTally, drain, memberGrants, members } from "../member.js";

const atOnce = 32;
const timeoutMs = 10_000;
// Without a pause it would be the rate of calls that answers, and then cuts the connection, and not the leader.
const refusedMs = 50;

export const readerFlood: Attack = {
  name: "reader-flood",
  row: 55,
  title: "listings and watches without pause, during emergency stops",
  who: "M",
  target: "leader",
  probes: ["stop", "submit"],
  bots: members,
  grants: memberGrants,
  // A connection whose calls go on being refused is cut.
  allowed: ["0", "8", "close"],
  async run({ target, bots, signal }) {
    const [operator, worker] = bots;
    if (!operator || !worker) throw new Error("no bots");
    const operations = operator.client(OperatorService, target.address);
    const safety = worker.client(SafetyService, target.address);
    const tally = createTally();
    // Something to read, within the share of one submitter.
    const some = Array.from({ length: 60 }, () =>
      operations
        .submitTask({ kind: "x", payload: Buffer.alloc(200_000), requiredCapabilities: ["nobody"] }, { timeoutMs })
        .catch(() => {}),
    );
    await Promise.all(some);
    let refusedByShare = false;
    async function list(): Promise<void> {
      while (!signal.aborted) {
        const listing = operations.listTasks({ pageSize: 1_000 }, { timeoutMs });
        listing.catch(noteShare);
        await tally.count(listing);
      }
    }
    function noteShare({ reason }: InterlockError): void {
      if (reason === "QUOTA_EXCEEDED") refusedByShare = true;
    }
    async function watch(): Promise<void> {
      while (!signal.aborted) {
        const stream = drain(operations.watchTasks({}, { signal }));
        stream.catch(noteShare);
        const over = stream.then(
          () => true,
          () => !signal.aborted,
        );
        if (!(await over)) return;
        await tally.count(stream);
        await pause(refusedMs);
      }
    }
    async function listen(): Promise<void> {
      while (!signal.aborted) {
        const stream = drain(safety.watchSafety({ withWorkers: true }, { signal }));
        stream.catch(noteShare);
        const over = stream.then(
          () => true,
          () => !signal.aborted,
        );
        if (!(await over)) return;
        await tally.count(stream);
        await pause(refusedMs);
      }
    }
    const each = (work: () => Promise<void>) => Array.from({ length: atOnce }, work);
    await Promise.all([...each(list), ...each(watch), ...each(listen)]);
    const problem = refusedByShare ? undefined : "no reader was told that it reads too much";
    return { sent: tally.sent, answers: tally.answers, problem };
  },
};

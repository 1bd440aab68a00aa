import type { AuditEntry } from "@interlock/swarm/store";
import type { Act } from "./act.js";

export const zombie: Act = {
  name: "zombie",
  attacker: "a zombie",
  title: "A worker is frozen with SIGSTOP until its lease has expired, wakes up, and reports its task as done",
  bars: [3],
  verdict: "blocked",
  expected: "refused for its old lease, recorded; another worker has the task",
  async play({ fleet, work, chronicle, keepBusyUntil }) {
    const name = "worker/13";
    const undead = await fleet.zombie(name);
    // It gets the next task when no other robot is free; the task that it holds is as good as any.
    const { taskId, attempt } = await keepBusyUntil(chronicle.until("begun", ({ from }) => from === name, 0));
    const began = performance.now();
    const since = Date.now();
    undead.freeze();
    await chronicle.until("worker", ({ worker, state }) => worker === name && state === "lost", since);
    const other = await work.until(taskId, ({ worker, attempt: now }) => now > attempt && worker !== "");
    undead.thaw();
    undead.tell({ type: "complete" });
    const receipt = await chronicle.until("receipt", ({ from }) => from === name, since);
    const ms = performance.now() - began;
    const audit = await fleet.leader.ask<AuditEntry[]>({ type: "audit" });
    const entry = audit.find(({ actor, subject }) => actor === name && subject === taskId);
    // The zombie ended its session itself, so it counts as gone.
    await chronicle.until("worker", ({ worker, state }) => worker === name && state === "left", since);
    await undead.kill();
    const refused = receipt.recorded ? "it counts" : receipt.reason;
    const onRecord = entry ? `on record with attempt ${entry.attempt}` : "not on record";
    const denial = { code: "FAILED_PRECONDITION", reason: receipt.reason };
    const stale = ["LEASE_STALE", "TASK_CLOSED"].includes(receipt.reason);
    return {
      seen: `${refused}, ${onRecord}; ${other.worker} has attempt ${other.attempt}`,
      ms,
      ok: stale && !!entry,
      denial,
    };
  },
};

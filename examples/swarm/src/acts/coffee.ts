import { InterlockError } from "@interlock/bot";
import { MachineService } from "../gen/warehouse/v1/warehouse_interlock.js";
import type { Act } from "./act.js";
import { timesDone } from "./effects.js";
import { isCompleted } from "./task-is.js";

export const coffee: Act = {
  name: "coffee",
  title: "Coffee is ordered while nobody supervises the machine, then a supervisor arrives",
  bars: [],
  verdict: "done",
  expected: "SUPERVISOR_ABSENT, then brewed 1 time",
  async play({ work, supervisor, fleet, chronicle }) {
    const began = performance.now();
    const { taskId } = await work.coffee("the visitor");
    const refused = await work.until(taskId, ({ earlierAttempts }) => earlierAttempts.length > 0);
    const turnAway = new AbortController();
    const watching = supervisor.client(MachineService, fleet.floor.address).supervise({}, { signal: turnAway.signal });
    const watch = async () => {
      for await (const { machine } of watching) void machine;
    };
    const ended = watch().catch((error) => InterlockError.from(error).code);
    await work.until(taskId, isCompleted);
    turnAway.abort();
    await ended;
    const brewed = timesDone(chronicle, taskId);
    const unwatched = refused.earlierAttempts[0]?.reason.includes("No supervisor") ? "SUPERVISOR_ABSENT" : "let in";
    const seen = `${unwatched}, then brewed ${brewed} time`;
    return { seen, ms: performance.now() - began, ok: seen === this.expected };
  },
};

import { carryKind } from "../crew-work.js";
import { CarryTask } from "../gen/warehouse/v1/warehouse.js";
import type { Act } from "./act.js";
import { timesDone } from "./effects.js";
import { isCompleted } from "./task-is.js";

export const sameOrderTwice: Act = {
  name: "same-order-twice",
  title: "The same order is sent twice at once, and again after it has been completed",
  bars: [10],
  verdict: "survived",
  expected: "1 task, placed 1 time; with other contents ALREADY_EXISTS",
  async play({ work, order, chronicle }) {
    const began = performance.now();
    const request = (item: CarryTask) => ({
      kind: carryKind,
      payload: CarryTask.encode(item).finish(),
      requiredCapabilities: [carryKind],
      priority: 100,
      idempotencyKey: "order-2-am",
    });
    const same = request(order());
    const sent = await Promise.all([work.swarm.submit(same), work.swarm.submit(same)]);
    const taskId = work.expect((sent[0] as (typeof sent)[number]).task).taskId;
    await work.until(taskId, isCompleted);
    sent.push(await work.swarm.submit(same));
    const tasks = new Set(sent.map(({ task }) => task.taskId)).size;
    const other = await work.swarm.submit(request(order())).then(
      () => "OK",
      ({ code }) => code,
    );
    const placed = timesDone(chronicle, taskId);
    const seen = `${tasks} task, placed ${placed} time; with other contents ${other}`;
    return { seen, ms: performance.now() - began, ok: seen === this.expected };
  },
};

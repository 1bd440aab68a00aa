import type { Bot } from "@interlock/bot";
import { DispatchService, Session, TaskState } from "@interlock/swarm";
import type { DispatchEvent } from "../dispatch-event.js";
import { refusal } from "./refusal.js";

export const stolenTask = refusal({
  name: "stolen-task",
  attacker: "a thief",
  title: "A worker reports on another worker's task, with its id and its complete lease",
  bars: [7],
  expected: ["PERMISSION_DENIED", "TASK_NOT_ASSIGNED"],
  // The robot that holds the task reports on it, and the leader accepts that: the task is running.
  async control({ work, order }) {
    const { taskId } = await work.errand(order());
    return work.until(taskId, ({ state }) => state === TaskState.TASK_STATE_RUNNING);
  },
  async attack({ fleet }, { taskId, attempt, leaseToken, leaderEpoch }) {
    const thief = await fleet.join("worker/66");
    const lease = { taskId, attempt, leaseToken, leaderEpoch };
    try {
      await say(thief, fleet.leader.address, { $case: "completeTask", value: { lease, result: Buffer.from("mine") } });
    } finally {
      // Without this the leader would miss it, and name it in every emergency stop.
      await say(thief, fleet.leader.address, { $case: "endSession", value: { reason: "caught" } }).catch(() => {});
    }
  },
  recorded: ({ chronicle }, { loot: { taskId }, since, reason }) =>
    chronicle.until("refusal", (said) => said.taskId === taskId && said.reason === reason, since, 3_000),
});

/** Opens a session and sends one message in it. */
async function say(thief: Bot, leader: string, event: DispatchEvent): Promise<void> {
  const session = Session.fromPartial({ slots: 1 });
  const events: DispatchEvent[] = [{ $case: "session", value: session }, event];
  const client = thief.client(DispatchService, leader);
  for await (const heard of client.dispatch(events.map((each) => ({ event: each })))) void heard;
}

// A worker that was written without the library, and so does not stop by itself: when it is told to, it reports the
// first task it was ever given as done, whatever has happened meanwhile.
import { type Bot, InterlockError, joinFleet, silentLog } from "@interlock/bot";
import { DispatchService, type Lease, SafetyService } from "@interlock/swarm";
import { onOrder, receiveConfig, run, tell } from "./child.js";

type Event = NonNullable<Parameters<typeof DispatchService.methods.dispatch.request.encode>[0]["event"]>;

let first: Lease | undefined;
let sessionId = "";

/** Keeps a session until it is ended. With a lease that it has in hand it reports that at once. */
async function work(bot: Bot, leader: string, finished?: Lease): Promise<void> {
  let wake = () => {};
  const waiting: Event[] = [];
  const say = (event: Event) => {
    waiting.push(event);
    wake();
  };
  async function* requests() {
    for (;;) {
      for (const event of waiting.splice(0)) yield { event };
      await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  const held = finished ? [finished] : [];
  say({ $case: "session", value: { capabilities: ["test"], slots: 1, sessionId, held, draining: false } });
  const beating = setInterval(
    () => say({ $case: "heartbeat", value: { sequence: 1, held: first ? [first] : [] } }),
    300,
  );
  try {
    for await (const { event } of bot.client(DispatchService, leader).dispatch(requests())) {
      if (event?.$case === "sessionOpened") {
        sessionId = event.value.sessionId;
        if (finished) say({ $case: "completeTask", value: { lease: finished, result: Buffer.from("late") } });
      }
      if (event?.$case === "receipt")
        tell({ type: "receipt", recorded: event.value.recorded, reason: event.value.reason });
      const assigned = event?.$case === "assignments" ? event.value.assignments[0] : undefined;
      if (assigned?.lease && !first) {
        first = assigned.lease;
        const { taskId, attempt } = first;
        tell({ type: "begun", taskId, attempt, checkpoint: "", at: Date.now() });
      }
    }
  } catch (error) {
    const { reason = "" } = InterlockError.from(error);
    if (finished) tell({ type: "receipt", recorded: false, reason });
  } finally {
    clearInterval(beating);
  }
}

async function listen(bot: Bot, leader: string): Promise<void> {
  for await (const _ of bot.client(SafetyService, leader).watchSafety({})) void _;
}

run(async () => {
  const { leaders, ...fleet } = await receiveConfig();
  const [leader = ""] = leaders;
  const bot = await joinFleet({ ...fleet, log: silentLog });
  onOrder(({ type }) => {
    if (type === "complete" && first) void work(bot, leader, first);
  });
  void listen(bot, leader).catch(() => {});
  void work(bot, leader);
  tell({ type: "ready", address: "" });
});

// A worker that is written without the library, so it does not stop by itself. On command it reports its first task as done,
// whatever has happened since.
import { InterlockError, joinFleet, parseJoinToken, silentLog } from "@interlock/bot";
import { DispatchService, type Lease, SafetyService, Session } from "@interlock/swarm";
import { onAsked, receiveConfig, stopSignal, tell, tellOf } from "./child.js";
import { carryKind } from "./crew-work.js";
import type { DispatchEvent } from "./dispatch-event.js";
import type { WorkerConfig } from "./messages.js";

const heartbeatMs = 400;
const stopping = stopSignal();
const { leader, floor: _, seed: __, ...fleet } = await receiveConfig<WorkerConfig>();
const name = parseJoinToken(fleet.joinToken)?.name ?? "";
const bot = await joinFleet({ ...fleet, name, log: silentLog });
tellOf(bot);
const client = bot.client(DispatchService, leader);
const safety = bot.client(SafetyService, leader);
let first: Lease | undefined;
let sessionId = "";

/** Runs a session until it ends. With a lease, it reports that lease as done at once and leaves after the answer. */
async function work(finished?: Lease): Promise<void> {
  let wake = () => {};
  const waiting: DispatchEvent[] = [];
  const say = (event: DispatchEvent) => {
    waiting.push(event);
    wake();
  };
  async function* requests() {
    for (;;) {
      for (const event of waiting.splice(0)) yield { event };
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
  const held = finished ? [finished] : [];
  const session = Session.fromPartial({ capabilities: [carryKind], slots: 1, sessionId, held });
  say({ $case: "session", value: session });
  const beat = () =>
    say({ $case: "heartbeat", value: { sequence: 1, held: first ? [first] : [], standstill: undefined } });
  const beating = setInterval(beat, heartbeatMs);
  try {
    for await (const { event } of client.dispatch(requests())) {
      if (event?.$case === "sessionOpened") {
        sessionId = event.value.sessionId;
        if (finished) say({ $case: "completeTask", value: { lease: finished, result: Buffer.from("late") } });
      }
      if (event?.$case === "receipt") {
        const { recorded, reason } = event.value;
        tell({ type: "receipt", recorded, reason });
        say({ $case: "endSession", value: { reason: "buried" } });
      }
      const [assigned] = event?.$case === "assignments" ? event.value.assignments : [];
      if (assigned?.lease && !first) {
        first = assigned.lease;
        say({ $case: "acceptTask", value: { lease: first } });
        tell({ type: "begun", taskId: first.taskId, attempt: first.attempt, checkpoint: "" });
      }
    }
  } catch (error) {
    const { reason = "" } = InterlockError.from(error);
    if (finished) tell({ type: "receipt", recorded: false, reason });
  } finally {
    clearInterval(beating);
  }
}

async function listen(): Promise<void> {
  for await (const heard of safety.watchSafety({})) void heard;
}

onAsked(({ type }) => {
  if (type === "complete" && first) void work(first);
});
stopping.addEventListener("abort", () => process.exit(0));
void listen().catch(() => {});
void work();
tell({ type: "ready", address: "" });

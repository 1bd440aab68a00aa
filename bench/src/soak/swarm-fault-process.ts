// A leader, or a worker, of `npm run soak -- swarm --faults` in a process of its own, which can be made to stand still and
// whose time can be set.
import { setTimeout as delay } from "node:timers/promises";
import { joinFleet, silentLog } from "@interlock/bot";
import { createLeader, leaderRoutes, runWorker, type TaskHandler, TaskRefusal } from "@interlock/swarm";
import { openTaskStore } from "@interlock/swarm/store";
import { answerParent, tellParent } from "@interlock/testing-processes";

/** What the soak asks one of its processes to do. */
export type FaultAsk =
  | ({ readonly do: "lead"; readonly store: string } & Entry)
  | ({ readonly do: "work"; readonly leader: string; readonly effects: string } & Entry)
  /** Sets the time, forward or back. */
  | { readonly do: "set"; readonly ms: number }
  /** Lets the event loop stand still. */
  | { readonly do: "block"; readonly ms: number };

/** How a process enters the fleet. */
export interface Entry {
  readonly authority: string;
  readonly name: string;
  readonly joinToken: string;
  readonly stateDir: string;
}

/** What it answers: the address of a leader. */
export interface FaultAnswer {
  readonly address?: string;
}

/** What it tells unasked: whether it leads. */
export interface FaultEvent {
  readonly leads: boolean;
}

/** The kinds of the tasks: an ordinary one, and those whose result, checkpoint or progress is too much for a message. */
export const kinds = {
  carry: "carry",
  result: "big result",
  checkpoint: "big checkpoint",
  stage: "big stage",
} as const;

const big = 5 * 1_024 * 1_024;
const steps = 3;
const slots = 4;
const joinLimitMs = 30_000;

const time = { now: Date.now, setBy: 0 };
Date.now = () => time.now() + time.setBy;

answerParent<FaultAsk>(async (ask): Promise<FaultAnswer> => {
  switch (ask.do) {
    case "lead":
      return { address: await lead(ask) };
    case "work":
      await work(ask);
      return {};
    case "set":
      time.setBy += ask.ms;
      return {};
    case "block":
      for (const end = performance.now() + ask.ms; performance.now() < end; );
      return {};
  }
});

async function lead({ store, ...entry }: Extract<FaultAsk, { do: "lead" }>): Promise<string> {
  const bot = await joinFleet({ ...entry, log: silentLog });
  const options = { keepClosed: 200, maximumAttempts: 1_000, log: silentLog };
  const leader = createLeader({ name: bot.name, store: await openTaskStore(store), ...options });
  leader.onLead((leads) => tellParent({ leads } satisfies FaultEvent));
  const { address } = await bot.serve({ port: 0 }, leaderRoutes(leader));
  for (const end = performance.now() + joinLimitMs; !leader.leads; await delay(20)) {
    if (performance.now() > end) throw new Error("It does not lead.");
  }
  return address;
}

async function work({ leader, effects, ...entry }: Extract<FaultAsk, { do: "work" }>): Promise<void> {
  const bot = await joinFleet({ ...entry, log: silentLog });

  /** Asks the effects, which are outside the swarm as a machine would be. */
  async function ask(what: string, taskId: string, leaseToken: bigint): Promise<string> {
    const answer = await fetch(`${effects}/${what}/${taskId}/${leaseToken}`, { method: "POST" });
    return answer.text();
  }

  const handle: TaskHandler = async (task, { progress, checkpoint }) => {
    const { kind, taskId, leaseToken, attempt, payload } = task;
    if (kind === kinds.result) return Buffer.alloc(big);
    if (kind === kinds.checkpoint) await checkpoint(Buffer.alloc(big));
    const begun = await ask("begin", taskId, leaseToken);
    if (begun === "stale") throw new TaskRefusal("forfeit", "STALE");
    if (begun === "done") return undefined;
    for (let step = task.checkpoint[0] ?? 0; step < steps; step++) {
      await delay(15); // It ignores its signal, like a gripper that has started to close.
      progress((step + 1) / steps, kind === kinds.stage ? "s".repeat(big) : `step ${step + 1}`);
      await checkpoint(Uint8Array.of(step + 1));
    }
    if (attempt === 1 && payload[0] === 0) throw new Error("It slipped.");
    if ((await ask("apply", taskId, leaseToken)) !== "applied") throw new TaskRefusal("forfeit", "STALE");
    return undefined;
  };
  void keepWorking();

  async function keepWorking(): Promise<void> {
    for (;;) {
      try {
        await runWorker(bot, { leaders: [leader], slots, log: silentLog }, handle);
      } catch {
        await delay(100);
      }
    }
  }
}

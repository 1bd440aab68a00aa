import { setTimeout as delay } from "node:timers/promises";
import { InterlockError } from "@interlock/bot";
import { OperatorService, type Safety, StopOutcome } from "@interlock/swarm";
import type { Said } from "../chronicle.js";
import { Fault } from "../gen/warehouse/v1/warehouse.js";
import type { Stage } from "../stage.js";
import type { Act, Seen } from "./act.js";
import { measureAgain, type Timed } from "./measure-again.js";
import { whereabouts } from "./whereabouts.js";

const drills = 12;
const standsStillMs = 120;
const { STOP_OUTCOME_ACKNOWLEDGED, STOP_OUTCOME_FAILED, STOP_OUTCOME_UNREACHABLE } = StopOutcome;

/** Twelve stops during a flood, and a thirteenth with one robot whose brake has failed and one that does not answer. */
export const emergencyStop: Act = {
  name: "emergency-stop",
  attacker: "the visitor's laptop",
  title: "Emergency stop during a flood, with a failed brake and a robot that hangs; reset by a supervisor",
  bars: [5],
  verdict: "survived",
  expected: "answered within 250 ms with every robot by name; SCOPE_MISSING for a reset without its scope",
  async play(stage) {
    const { fleet, visitor } = stage;
    const since = Date.now();
    const laptop = await fleet.laptop();
    const { path } = OperatorService.methods.submitTask;
    try {
      laptop.tell({ type: "flood", address: fleet.leader.address, path, papers: await visitor() });
      await stage.chronicle.until("denial", flooded, since);
      const { seen, ms, ok } = await measureAgain(() => drill(stage));
      const { RESOURCE_EXHAUSTED: refused = 0 } = await laptop.ask<Record<string, number>>({ type: "enough" });
      return { ms, seen: `${seen}; ${refused} calls refused meanwhile`, ok: ok && refused > 0 };
    } finally {
      await laptop.kill();
    }
  },
};

const flooded = ({ from, denial }: Said<"denial">) => from === "leader/1" && denial.reason === "RATE_LIMITED";

async function drill(stage: Stage): Promise<Seen & Timed> {
  const { fleet, work, robot, keepBusy } = stage;
  await keepBusy();
  const [brakeless, hanging] = [fleet.workers[0], fleet.workers.at(-1)];
  if (!brakeless || !hanging) throw new Error("There is no robot.");
  const times: number[] = [];
  async function stop(): Promise<Safety> {
    const began = performance.now();
    const { safety } = await work.swarm.emergencyStop("smoke at station 2");
    times.push(performance.now() - began);
    if (!safety) throw new Error("There was no answer.");
    return safety;
  }
  let still = 0;
  for (let i = 0; i < drills; i++) {
    const safety = await stop();
    if (tally(safety).stopped === fleet.workers.length && (await standStill(stage))) still++;
    await reset(stage, safety);
  }
  await robot(brakeless).break({ fault: Fault.FAULT_BRAKE });
  hanging.freeze();
  const last = await stop().finally(hanging.thaw);
  await robot(brakeless).break({ fault: Fault.FAULT_NONE });
  const denied = await work.swarm.resetEmergencyStop(last.stopId, "I am in a hurry").then(
    () => "OK",
    (error) => InterlockError.from(error).reason,
  );
  await reset(stage, last);
  const slowest = Math.round(Math.max(...times));
  const { stopped, failed, unreachable } = tally(last);
  const named = `${stopped} stopped, ${failed} failed, ${unreachable} unreachable`;
  const whole = stopped === fleet.workers.length - 2 && failed === 1 && unreachable === 1;
  const seen = `slowest of ${times.length}: ${slowest} ms; by ${last.issuer}: ${named}; its reset: ${denied}`;
  const ok = still === drills && whole && denied === "SCOPE_MISSING" && last.issuer === "operator/1";
  return {
    seen: still === drills ? seen : `${drills - still} of ${drills} did not stop all; ${seen}`,
    ms: slowest,
    tookMs: slowest,
    atMostMs: 250,
    ok,
  };
}

function tally({ workers }: Safety): { stopped: number; failed: number; unreachable: number } {
  const count = (wanted: StopOutcome) => workers.filter(({ outcome }) => outcome === wanted).length;
  return {
    stopped: count(STOP_OUTCOME_ACKNOWLEDGED),
    failed: count(STOP_OUTCOME_FAILED),
    unreachable: count(STOP_OUTCOME_UNREACHABLE),
  };
}

/** Whether no robot moves for a moment, according to the floor. */
async function standStill({ work }: Stage): Promise<boolean> {
  await delay(standsStillMs / 2); // The floor is reported twenty times a second.
  const before = whereabouts(work);
  await delay(standsStillMs);
  return whereabouts(work) === before;
}

async function reset({ supervision }: Stage, { stopId }: Safety): Promise<void> {
  await supervision.resetEmergencyStop(stopId, "there is no smoke");
}

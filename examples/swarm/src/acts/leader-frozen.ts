import { setTimeout as delay } from "node:timers/promises";
import type { CarryTask } from "../gen/warehouse/v1/warehouse.js";
import type { Stage } from "../stage.js";
import type { Act } from "./act.js";
import { isLoaded } from "./task-is.js";
import { whereabouts } from "./whereabouts.js";

const lookForMs = 2_400;
/** At 84 ms a cell with a fragile item, the trip takes longer than a worker waits for its leader. */
const longTrip = 24;
const maximumTries = 500;

/** The floor's record counts, not the robots' reports: when a robot last moved. */
export const leaderFrozen: Act = {
  name: "leader-frozen",
  title: "The leader freezes while robots carry fragile items; the robots stop by themselves",
  bars: [6],
  verdict: "survived",
  expected: "no robot moves later than 2,000 ms after the freeze",
  async play(stage) {
    const { fleet, work, chronicle, order } = stage;
    const orders = fleet.workers.map(() => work.errand({ ...longOrder(order), fragile: true }));
    await Promise.any((await Promise.all(orders)).map(({ taskId }) => work.until(taskId, isLoaded)));
    const frozenAt = Date.now();
    fleet.leader.freeze();
    try {
      const lastMove = await watchUntilStill(stage, frozenAt);
      const halts = chronicle
        .all("halted")
        .filter(({ at, reason }) => at >= frozenAt && /^(LEADER|SAFETY)_LOST$/.test(reason));
      const seen = `${halts.length} robots gave up their task; the last one moved ${lastMove} ms after the freeze`;
      // Robots must have moved after the freeze, and then given up a task: a robot at rest proves nothing.
      return { seen, ms: lastMove, ok: lastMove <= 2_000 && lastMove > 0 && halts.length > 0 };
    } finally {
      fleet.leader.thaw();
    }
  },
};

/** An order whose trip from shelf to station is long: a robot must be on its way when it loses its leader. */
function longOrder(order: Stage["order"]): CarryTask {
  for (let tries = 0; tries < maximumTries; tries++) {
    const next = order();
    const { shelf, station } = next;
    if (shelf && station && Math.abs(shelf.x - station.x) + Math.abs(shelf.y - station.y) >= longTrip) return next;
  }
  throw new Error(`no order of ${maximumTries} has a trip of ${longTrip} cells`);
}

/** The time of the last move of any robot, in milliseconds after `since`. The floor is reported twenty times a second. */
async function watchUntilStill({ work }: Stage, since: number): Promise<number> {
  let lastMove = 0;
  let before = "";
  while (Date.now() - since < lookForMs) {
    const now = whereabouts(work);
    if (before !== "" && now !== before) lastMove = Date.now() - since;
    before = now;
    await delay(10);
  }
  return lastMove;
}

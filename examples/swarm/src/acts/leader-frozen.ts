import { setTimeout as delay } from "node:timers/promises";
import type { Stage } from "../stage.js";
import type { Act } from "./act.js";
import { isLoaded } from "./task-is.js";
import { whereabouts } from "./whereabouts.js";

const lookForMs = 2_400;

/** What counts is not what the robots say but the floor: when it last saw one of them move. */
export const leaderFrozen: Act = {
  name: "leader-frozen",
  title: "The leader stands still, while robots carry what breaks easily; they stop by themselves",
  bars: [6],
  verdict: "survived",
  expected: "no robot moves later than 2,000 ms after",
  async play(stage) {
    const { fleet, work, chronicle, order } = stage;
    const orders = fleet.workers.map(() => work.errand({ ...order(), fragile: true }));
    await Promise.any((await Promise.all(orders)).map(({ taskId }) => work.until(taskId, isLoaded)));
    const frozenAt = Date.now();
    fleet.leader.freeze();
    try {
      const lastMove = await watchUntilStill(stage, frozenAt);
      const halts = chronicle
        .all("halted")
        .filter(({ at, reason }) => at >= frozenAt && /^(LEADER|SAFETY)_LOST$/.test(reason));
      const seen = `${halts.length} robots gave up their task; the last one moved ${lastMove} ms after`;
      // They were moving until then: one that stands still anyway shows nothing.
      return { seen, ms: lastMove, ok: lastMove <= 2_000 && lastMove > 500 && halts.length > 0 };
    } finally {
      fleet.leader.thaw();
    }
  },
};

/** When a robot was last seen to move, in milliseconds after `since`. The floor is told of twenty times a second. */
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

import type { Chronicle } from "../chronicle.js";

/** How many times a machine of the floor has done a task. */
export function timesDone(chronicle: Chronicle, taskId: string): number {
  return chronicle.all("effect").filter((effect) => effect.taskId === taskId).length;
}

/** How many times one did a task again, over all tasks. */
export function timesAgain(chronicle: Chronicle): number {
  const effects = chronicle.all("effect");
  return effects.length - new Set(effects.map(({ taskId }) => taskId)).size;
}

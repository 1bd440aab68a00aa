import type { Chronicle } from "../chronicle.js";

/** The number of times that machines of the floor have done a task. */
export function timesDone(chronicle: Chronicle, taskId: string): number {
  return chronicle.all("effect").filter((effect) => effect.taskId === taskId).length;
}

/** The number of repeated effects, over all tasks. */
export function timesAgain(chronicle: Chronicle): number {
  const effects = chronicle.all("effect");
  return effects.length - new Set(effects.map(({ taskId }) => taskId)).size;
}

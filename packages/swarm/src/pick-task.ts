import type { Task } from "./gen/interlock/swarm/v1/swarm.js";

/**
 * The task to do next: of those that `fits`, the one of highest priority; among equals the one whose fairness key was
 * served longest ago (`lastServed`, lower is longer); among equals again the one submitted first.
 */
export function pickTask(
  pending: Iterable<Task>,
  fits: (task: Task) => boolean,
  lastServed: (fairnessKey: string) => number,
): Task | undefined {
  let best: Task | undefined;
  for (const task of pending) {
    if (!fits(task)) continue;
    if (best === undefined || goesBefore(task, best, lastServed)) best = task;
  }
  return best;
}

function goesBefore(task: Task, other: Task, lastServed: (fairnessKey: string) => number): boolean {
  if (task.priority !== other.priority) return task.priority > other.priority;
  return task.fairnessKey !== other.fairnessKey && lastServed(task.fairnessKey) < lastServed(other.fairnessKey);
}

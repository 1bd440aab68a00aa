import type { Task } from "../gen/interlock/swarm/v1/swarm.js";

/** The name of a task's lane among those of its priority and fairness key: the same for the same needed capabilities. */
export function laneOf({ requiredCapabilities: needs }: Pick<Task, "requiredCapabilities">): string {
  return needs.length < 2 ? (needs[0] ?? "") : JSON.stringify([...needs].sort());
}

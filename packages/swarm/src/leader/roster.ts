import { isHeld } from "../task-state.js";
import type { Entry } from "./entry.js";
import { createWorkerSession, type WorkerSession } from "./worker-session.js";

/**
 * The workers that a leader knows, by name: those with a session, and those that are lost and not yet forgotten. Bound:
 * one for each worker's identity that had a session within `forgetLostMs`.
 */
export type Roster = Map<string, WorkerSession>;

/** Creates the roster of a leader that takes over. A worker that held a task before has a while to confirm that it still does. */
export function createRoster(entries: readonly Entry[], now: number): Roster {
  const roster: Roster = new Map();
  const held = entries.filter(({ task }) => isHeld(task.state));
  held.sort((a, b) => (a.task.leaseToken < b.task.leaseToken ? -1 : 1)); // The order in which the tasks were given.
  for (const { task, sessionId } of held) {
    const session = roster.get(task.worker) ?? createWorkerSession(task.worker, sessionId, now);
    roster.set(task.worker, session);
    session.held.add(task.taskId);
  }
  return roster;
}

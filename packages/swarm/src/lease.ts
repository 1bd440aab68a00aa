import { Lease, type Task } from "./gen/interlock/swarm/v1/swarm.js";

/** The lease under which a task is held, or was closed. */
export function leaseOf({ taskId, attempt, leaseToken, leaderEpoch }: Task): Lease {
  return { taskId, attempt, leaseToken, leaderEpoch };
}

/** Whether both name the same attempt, given by the same leader. */
export function sameLease(one: Lease, other: Lease): boolean {
  return (
    one.taskId === other.taskId &&
    one.attempt === other.attempt &&
    one.leaseToken === other.leaseToken &&
    one.leaderEpoch === other.leaderEpoch
  );
}

/** The lease that names nothing. */
export const noLease: Lease = Lease.fromPartial({});

/** A worker has no more leases than this in hand: slots, and what it is given beforehand, together. */
export const inHandAtMost = 1_000;

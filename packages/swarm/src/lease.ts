import { Lease, type Task } from "./gen/interlock/swarm/v1/swarm.js";

/** The lease under which a task is held, or was closed. */
export function leaseOf({ taskId, attempt, leaseToken, leaderEpoch }: Task): Lease {
  return { taskId, attempt, leaseToken, leaderEpoch };
}

/** Whether two leases name the same attempt, given by the same leader. */
export function sameLease(one: Lease, other: Lease): boolean {
  return (
    one.taskId === other.taskId &&
    one.attempt === other.attempt &&
    one.leaseToken === other.leaseToken &&
    one.leaderEpoch === other.leaderEpoch
  );
}

/** A lease that names nothing. */
export const noLease: Lease = Lease.fromPartial({});

/** A worker has at most this many leases in hand: its slots and its prefetch together. */
export const inHandAtMost = 1_000;

/**
 * A heartbeat or a Session names at most this many leases: those in hand, and those that are done and wait for their
 * receipt while others were given in their place.
 */
export const namedAtMost = 4 * inHandAtMost;

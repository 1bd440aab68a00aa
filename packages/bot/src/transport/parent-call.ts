import { type Deadline, propagate, status } from "@grpc/grpc-js";
import type { GrpcCall, ParentCall } from "./grpc-types.js";

/** The deadline of a call, in milliseconds since the epoch: its own, or that of the call by which it is made. */
export function deadlineOf(deadline: Deadline, parent: ParentCall | null, flags: number): number {
  const own = Number(deadline);
  if (!parent || (flags & propagate.DEADLINE) === 0) return own;
  return Math.min(own, Number(parent.getDeadline()));
}

/** Cancels a call when the one by which it is made is canceled. Gives what ends that. */
export function followParent(call: GrpcCall, parent: ParentCall, flags: number): (() => void) | undefined {
  if ((flags & propagate.CANCELLATION) === 0) return undefined;
  const cancel = () => call.cancelWithStatus(status.CANCELLED, "Cancelled by parent call");
  parent.once("cancelled", cancel);
  return () => void parent.off("cancelled", cancel);
}

import type { Assignment, Cancellation, DispatchRequest, DispatchResponse } from "./gen/interlock/swarm/v1/swarm.js";
import type { Batching } from "./outbox.js";

/** The leader refuses a batch with more messages than this. */
export const batchAtMost = 512;

// Added to the bytes of each message, so that a batch stays far below the 4 MiB of one message and the limit on their number.
const each = 512;
const atMost = batchAtMost * each;

/** The batching of a worker's messages. */
export const requestBatching: Batching<DispatchRequest> = {
  atMost,
  join: (messages) => ({ event: { $case: "batch", value: { requests: [...messages] } } }),
  weigh: ({ event }) => {
    switch (event?.$case) {
      case "session":
      case "batch":
        return Number.POSITIVE_INFINITY;
      case "heartbeat":
        return each + event.value.held.length * 64;
      case "completeTask":
        return each + event.value.result.length;
      case "reportProgress":
        return each + event.value.checkpoint.length + (event.value.progress?.stage.length ?? 0);
      case "failTask":
      case "rejectTask":
      case "forfeitTask":
        return each + event.value.reason.length;
      default:
        return each;
    }
  },
};

/** The batching of a leader's messages to one worker. */
export const responseBatching: Batching<DispatchResponse> = {
  atMost,
  join: (messages) => ({ event: { $case: "batch", value: { responses: [...messages] } } }),
  weigh: ({ event }) => {
    switch (event?.$case) {
      case "sessionOpened":
      case "batch":
        return Number.POSITIVE_INFINITY;
      case "heartbeatAnswer":
        return event.value.cancel.reduce(
          (sum, one) => sum + cancellationBytes(one),
          each + event.value.pause.length * 64,
        );
      case "assignments":
        return event.value.assignments.reduce((sum, assignment) => sum + weigh(assignment), each);
      default:
        return each;
    }
  },
};

/** How many bytes a cancellation has at most. */
export function cancellationBytes({ lease, reason }: Cancellation): number {
  return 64 + 3 * ((lease?.taskId.length ?? 0) + reason.length);
}

/** Divides a list into parts that fit into one message each. An empty list is one empty part. */
export function inParts(assignments: readonly Assignment[]): Assignment[][] {
  let part: Assignment[] = [];
  const parts = [part];
  let weight = 0;
  for (const assignment of assignments) {
    weight += weigh(assignment);
    if (part.length > 0 && weight > atMost) {
      part = [];
      parts.push(part);
      weight = weigh(assignment);
    }
    part.push(assignment);
  }
  return parts;
}

function weigh({ kind, payload, checkpoint }: Assignment): number {
  return each + kind.length + payload.length + checkpoint.length;
}

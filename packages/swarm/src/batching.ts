import type { Assignment, DispatchRequest, DispatchResponse } from "./gen/interlock/swarm/v1/swarm.js";
import type { Batching } from "./outbox.js";

/** A batch with more messages than this is refused. */
export const batchAtMost = 256;

// A message counts for its bytes and 1,024, so a batch is far below the 4 MiB that a message may have, and never too many.
const each = 1_024;
const atMost = batchAtMost * each;

/** How a worker's messages are made into one. */
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
        return each + event.value.checkpoint.length;
      case "failTask":
      case "rejectTask":
      case "forfeitTask":
        return each + event.value.reason.length;
      default:
        return each;
    }
  },
};

/** How a leader's messages to one worker are made into one. */
export const responseBatching: Batching<DispatchResponse> = {
  atMost,
  join: (messages) => ({ event: { $case: "batch", value: { responses: [...messages] } } }),
  weigh: ({ event }) => {
    switch (event?.$case) {
      case "sessionOpened":
      case "batch":
        return Number.POSITIVE_INFINITY;
      case "assignments":
        return event.value.assignments.reduce((sum, assignment) => sum + weightOf(assignment), each);
      default:
        return each;
    }
  },
};

function weightOf({ kind, payload, checkpoint }: Assignment): number {
  return each + kind.length + payload.length + checkpoint.length;
}

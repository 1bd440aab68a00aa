import { InterlockError } from "@interlock/bot";
import { toStatus } from "@interlock/bot/internal";
import type { Doorkeeper } from "./doorkeeper.js";
import { createNewestWriter, type MessageSink } from "./newest-writer.js";
import type { Granted } from "./standing.js";

/** The part of a stream of grpc-js that is used. */
export interface StreamCall<T> extends MessageSink<T> {
  on(event: "cancelled", listener: () => void): unknown;
  emit(event: "error", status: object): unknown;
}

/** A stream on which an agent gives out something, again after each change. */
export interface GivenStream {
  /** Sends what is given out now, or as soon as the message before has been taken. */
  show(): void;
  /** Runs `work`; what it throws ends the stream. */
  attempt(work: () => void): void;
  /** Counts the stream no more: its reader has gone. */
  leave(): void;
}

/**
 * Lets a stream in, and ends it with an error where it is one too many, or there is nothing to give out any more.
 *
 * @param make - Makes the message of now; `undefined` while there is nothing to say. What it throws ends the stream.
 */
export function openGivenStream<T>(
  call: StreamCall<T>,
  door: Doorkeeper,
  make: (granted: Granted) => T | undefined,
): GivenStream {
  let over = false;
  let leaveDoor = () => {};

  function leave(): void {
    over = true;
    leaveDoor();
  }

  function end(error: InterlockError): void {
    if (over) return;
    leave();
    endWith(call, error);
  }

  function attempt<R>(work: () => R): R | undefined {
    if (over) return undefined;
    try {
      return work();
    } catch (error) {
      end(InterlockError.from(error));
      return undefined;
    }
  }

  const show = createNewestWriter(call, () => attempt(() => make(door.granted())));
  call.on("cancelled", leave);
  attempt(() => {
    leaveDoor = door.enter({ onChange: show, onEnd: end });
  });
  return { show, attempt, leave };
}

/** Ends a call of grpc-js with an error. */
export function endWith(call: Pick<StreamCall<never>, "emit">, error: InterlockError): void {
  call.emit("error", toStatus(error));
}

import { InterlockError } from "@interlock/bot";
import type { Granted, WatchedStanding } from "./standing.js";

/** What follows a stream's way through the agent. */
export interface Follower {
  /** There is something new to give out. */
  onChange(): void;
  /** The stream ends with this error. */
  onEnd(error: InterlockError): void;
}

/** The streams of an agent: how many there are, and whether they may go on. */
export interface Doorkeeper {
  /** Streams that are open. */
  readonly streams: number;
  /** What is given out now. Throws an {@link InterlockError} where nothing is. */
  granted(): Granted;
  /**
   * Lets a stream in. Throws an {@link InterlockError} where it is one too many, or nothing is given out.
   *
   * @returns What is called when its reader has gone.
   */
  enter(follower: Follower): () => void;
  /** Ends every stream, and lets none in any more. */
  close(): void;
}

/** Makes what counts the streams of an agent, at most `maximum`, and ends them when there is nothing to give out any more. */
export function createDoorkeeper(standing: WatchedStanding, maximum: number): Doorkeeper {
  const followers = new Set<Follower>();
  let closed = false;

  function granted(): Granted {
    if (closed) throw new InterlockError("UNAVAILABLE", "The agent stops.");
    const now = standing.current();
    if ("withheld" in now) throw now.withheld;
    return now;
  }

  function endAll(error: InterlockError): void {
    const all = [...followers];
    followers.clear();
    for (const follower of all) follower.onEnd(error);
  }

  const stop = standing.onChange((next) => {
    if ("withheld" in next) endAll(next.withheld);
    else for (const follower of [...followers]) follower.onChange();
  });

  return {
    get streams() {
      return followers.size;
    },
    granted,
    enter(follower) {
      granted();
      if (followers.size >= maximum) {
        throw new InterlockError("UNAVAILABLE", `The agent has ${maximum} streams open: close some, and try again.`);
      }
      followers.add(follower);
      return () => void followers.delete(follower);
    },
    close() {
      if (closed) return;
      closed = true;
      stop();
      endAll(new InterlockError("UNAVAILABLE", "The agent stops."));
    },
  };
}

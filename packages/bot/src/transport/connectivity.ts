import { connectivityState, type Deadline } from "@grpc/grpc-js";
import { longestTimerMs } from "@interlock/wire";

interface Watcher {
  readonly from: connectivityState;
  readonly callback: (error?: Error) => void;
  readonly timer: NodeJS.Timeout | undefined;
}

/** The state of a channel, and those that watch it. */
export class Connectivity {
  state: connectivityState = connectivityState.IDLE;
  readonly #watchers = new Set<Watcher>();

  /** Calls `callback` once the state is another one than `from`, or with an error once the deadline has passed. */
  watch(from: connectivityState, deadline: Deadline, callback: (error?: Error) => void): void {
    if (this.state !== from) return void process.nextTick(callback);
    const left = Number(deadline) - Date.now();
    const late = () => {
      this.#watchers.delete(watcher);
      callback(new Error("Deadline passed without connectivity state change"));
    };
    const timer = left > longestTimerMs ? undefined : setTimeout(late, Math.max(0, left));
    const watcher = { from, callback, timer };
    this.#watchers.add(watcher);
  }

  /** Sets the state. */
  set(state: connectivityState): void {
    if (state === this.state) return;
    this.state = state;
    for (const watcher of [...this.#watchers]) {
      if (watcher.from === state) continue;
      this.#watchers.delete(watcher);
      clearTimeout(watcher.timer);
      watcher.callback();
    }
  }
}

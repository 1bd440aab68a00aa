import { longestTimerMs } from "@interlock/wire";
import type { HostedCall } from "./call-host.js";

/** Calls that wait for a connection with room for them, in the order in which they came. They keep the process alive. */
export class WaitingCalls {
  readonly #calls = new Set<HostedCall>();
  #alive: NodeJS.Timeout | undefined;

  get size(): number {
    return this.#calls.size;
  }

  add(call: HostedCall): void {
    this.#calls.add(call);
    this.#alive ??= setInterval(() => {}, longestTimerMs);
  }

  delete(call: HostedCall): void {
    this.#calls.delete(call);
    if (this.#calls.size > 0) return;
    clearInterval(this.#alive);
    this.#alive = undefined;
  }

  /** Hands calls on, each of which is then none that waits, until `take` gives false for one, which stays. */
  offer(take: (call: HostedCall) => boolean): void {
    for (const call of this.#calls) {
      if (!take(call)) return;
      this.delete(call);
    }
  }

  /** Takes out all calls for which `takes` is true. */
  remove(takes: (call: HostedCall) => boolean): readonly HostedCall[] {
    const removed = [...this.#calls].filter(takes);
    for (const call of removed) this.delete(call);
    return removed;
  }
}

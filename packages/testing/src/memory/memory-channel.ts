import { type ChannelInterface, connectivityState, type Deadline, propagate, status } from "@grpc/grpc-js";
import {
  type CallHost,
  deadlineOf,
  followParent,
  type HostedCall,
  type Link,
  type ParentCall,
  RequestHeaders,
  WireCall,
} from "@interlock/bot/internal";
import type { MemoryLink } from "./memory-link.js";

/** How a channel makes its connections. */
export interface MemoryChannelOptions {
  /** Connects, or says why it cannot. */
  connect(events: { onReady(): void; onEnd(problem: string): void }): MemoryLink | string;
  readonly sendBytes?: number | undefined;
  readonly receiveBytes?: number | undefined;
}

/**
 * A channel of grpc-js to a server in memory. Its calls are those of the real channel (`WireCall`); only the choice among addresses,
 * and the pauses between attempts, are not here.
 */
export class MemoryChannel implements ChannelInterface, CallHost {
  readonly target: string;
  readonly authority = "memory";
  readonly headers = new RequestHeaders("interlock/testing");
  readonly receiveBytes: number;
  readonly sendBytes: number;
  readonly #options: MemoryChannelOptions;
  readonly #waiting = new Set<HostedCall>();
  #link: MemoryLink | undefined;
  #calls = 0;
  #closed = false;

  constructor(target: string, options: MemoryChannelOptions) {
    this.target = target;
    this.#options = options;
    this.receiveBytes = options.receiveBytes ?? 4 * 1_024 * 1_024;
    this.sendBytes = options.sendBytes ?? Number.POSITIVE_INFINITY;
  }

  createCall(
    path: string,
    deadline: Deadline,
    host: string | null | undefined,
    parent: ParentCall | null,
    propagateFlags: number | null | undefined,
  ): WireCall {
    const flags = propagateFlags ?? propagate.DEFAULTS;
    const number = ++this.#calls;
    const until = deadlineOf(deadline, parent, flags);
    const call = new WireCall(this, { path, deadline: until, host, number, encoding: "identity" });
    if (parent) call.onOver = followParent(call, parent, flags);
    return call;
  }

  submit(call: HostedCall): void {
    if (this.#closed) return void call.fail(status.UNAVAILABLE, "Channel closed before call started");
    if (this.#link && this.#link.capacity > 0) return void call.run(this.#asLink(this.#link));
    call.keepMetadata();
    this.#waiting.add(call);
    if (this.#link) return;
    let current: MemoryLink | undefined;
    const made = this.#options.connect({
      onReady: () => this.#serve(),
      onEnd: (problem) => {
        if (this.#link === current) this.#lose(problem);
      },
    });
    if (typeof made === "string") this.#lose(made);
    else {
      current = made;
      this.#link = made;
    }
  }

  withdraw(call: HostedCall): void {
    this.#waiting.delete(call);
  }

  learnEncodings(): void {}

  close(): void {
    this.#closed = true;
    this.#link?.close();
    this.#lose("Channel closed before call started");
  }

  getTarget(): string {
    return this.target;
  }

  getConnectivityState(): connectivityState {
    if (this.#closed) return connectivityState.SHUTDOWN;
    return this.#link && this.#link.capacity > 0 ? connectivityState.READY : connectivityState.IDLE;
  }

  watchConnectivityState(_from: connectivityState, _deadline: Deadline, callback: (error?: Error) => void): void {
    callback(new Error("a channel in memory cannot be watched"));
  }

  getChannelzRef(): ReturnType<ChannelInterface["getChannelzRef"]> {
    return { kind: "channel", id: 0, name: this.target } as unknown as ReturnType<ChannelInterface["getChannelzRef"]>;
  }

  #serve(): void {
    const link = this.#link;
    for (const call of this.#waiting) {
      if (!link || link.capacity === 0) return;
      this.#waiting.delete(call);
      call.run(this.#asLink(link));
    }
  }

  #lose(problem: string): void {
    this.#link = undefined;
    const all = [...this.#waiting];
    this.#waiting.clear();
    for (const call of all) call.fail(status.UNAVAILABLE, problem);
  }

  /** A call uses of a link what both kinds have: `open`, `answers`, `peer` and `secure`. */
  #asLink(link: Pick<MemoryLink, "open" | "answers" | "peer" | "secure">): Link {
    return link satisfies Pick<Link, "open" | "answers" | "peer" | "secure"> as Link;
  }
}

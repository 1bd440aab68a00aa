import { type ChannelInterface, connectivityState, type Deadline, propagate, status } from "@grpc/grpc-js";
import { type Encoding, parseAcceptEncoding } from "@interlock/wire";
import type { Balancer } from "./balancer.js";
import type { CallHost, HostedCall } from "./call-host.js";
import { Connectivity } from "./connectivity.js";
import type { GrpcCall, ParentCall } from "./grpc-types.js";
import type { LinkOptions } from "./link.js";
import { deadlineOf, followParent } from "./parent-call.js";
import { PickFirst } from "./pick-first.js";
import { RequestHeaders } from "./request-headers.js";
import { RoundRobin } from "./round-robin.js";
import type { Target } from "./target.js";
import { WaitingCalls } from "./waiting-calls.js";
import { WireCall } from "./wire-call.js";

const { IDLE, READY, TRANSIENT_FAILURE, SHUTDOWN } = connectivityState;

/** A channel of grpc-js over HTTP/2 of our own, for the option `channelOverride` of its clients. */
export class WireChannel implements ChannelInterface, CallHost {
  readonly target: string;
  readonly authority: string;
  readonly headers: RequestHeaders;
  encoding: Encoding;
  readonly receiveBytes: number;
  readonly sendBytes: number;
  readonly #packedPaths: ReadonlySet<string> | undefined;
  readonly #balancer: Balancer;
  readonly #waiting = new WaitingCalls();
  readonly #maximumWaiting: number;
  readonly #connectivity = new Connectivity();
  #calls = 0;

  constructor(target: Target, options: LinkOptions) {
    const { settings } = options;
    this.target = target.text;
    this.authority = settings.authority ?? target.authority;
    this.headers = new RequestHeaders(settings.userAgent);
    this.encoding = settings.encoding;
    this.#packedPaths = settings.packedPaths;
    this.receiveBytes = settings.receiveBytes;
    this.sendBytes = settings.sendBytes;
    this.#maximumWaiting = settings.waitingCalls;
    const onChange = () => this.#changed();
    const isRoundRobin = settings.balancing === "round_robin";
    this.#balancer = isRoundRobin
      ? new RoundRobin(target, options, onChange)
      : new PickFirst(target, options, onChange);
  }

  /** The calls that wait for a connection. */
  get waiting(): number {
    return this.#waiting.size;
  }

  // What grpc-js calls.

  createCall(
    path: string,
    deadline: Deadline,
    host: string | null | undefined,
    parent: ParentCall | null,
    propagateFlags: number | null | undefined,
  ): GrpcCall {
    if (typeof path !== "string") throw new TypeError("Channel#createCall: method must be a string");
    if (typeof deadline !== "number" && !(deadline instanceof Date)) {
      throw new TypeError("Channel#createCall: deadline must be a number or Date");
    }
    if (this.#connectivity.state === SHUTDOWN) throw new Error("Channel has been shut down");
    const flags = propagateFlags ?? propagate.DEFAULTS;
    const number = ++this.#calls;
    const encoding = this.#packedPaths?.has(path) === false ? "identity" : this.encoding;
    const call = new WireCall(this, { path, deadline: deadlineOf(deadline, parent, flags), host, number, encoding });
    if (parent) call.onOver = followParent(call, parent, flags);
    return call;
  }

  getTarget(): string {
    return this.target;
  }

  getConnectivityState(tryToConnect: boolean): connectivityState {
    const { state } = this.#connectivity;
    if (tryToConnect && state === IDLE) this.#balancer.connect();
    return state;
  }

  watchConnectivityState(from: connectivityState, deadline: Deadline, callback: (error?: Error) => void): void {
    if (this.#connectivity.state === SHUTDOWN) throw new Error("Channel has been shut down");
    this.#connectivity.watch(from, deadline, callback);
  }

  getChannelzRef(): ReturnType<ChannelInterface["getChannelzRef"]> {
    return { kind: "channel" as ChannelKind, id: 0, name: this.target };
  }

  close(): void {
    if (this.#connectivity.state === SHUTDOWN) return;
    this.#balancer.close();
    this.#connectivity.set(SHUTDOWN);
    const all = this.#waiting.remove(() => true);
    for (const call of all) call.fail(status.UNAVAILABLE, closed);
  }

  // What calls call.

  submit(call: HostedCall): void {
    const link = this.#waiting.size === 0 ? this.#balancer.pick() : undefined;
    if (link) return void call.run(link);
    const { state } = this.#connectivity;
    if (state === SHUTDOWN) return void call.fail(status.UNAVAILABLE, closed);
    if (state === TRANSIENT_FAILURE && !call.waitsForReady) {
      return void call.fail(status.UNAVAILABLE, this.#balancer.problem);
    }
    if (this.#waiting.size >= this.#maximumWaiting) {
      return void call.fail(status.RESOURCE_EXHAUSTED, `${this.#maximumWaiting} calls wait for a connection already`);
    }
    call.keepMetadata();
    this.#waiting.add(call);
    this.#balancer.connect();
  }

  withdraw(call: HostedCall): void {
    this.#waiting.delete(call);
  }

  learnEncodings(value: string): void {
    // A request is not compressed for a server that cannot read it (compression.md).
    if (this.encoding !== "identity" && !parseAcceptEncoding(value).includes(this.encoding)) this.encoding = "identity";
  }

  #changed(): void {
    const { state } = this.#balancer;
    if (state !== this.#connectivity.state) {
      if (this.#connectivity.state === SHUTDOWN) return;
      this.#connectivity.set(state);
    }
    if (this.#waiting.size === 0) return;
    if (state === TRANSIENT_FAILURE) {
      const { problem } = this.#balancer;
      for (const call of this.#waiting.remove((one) => !one.waitsForReady)) call.fail(status.UNAVAILABLE, problem);
    } else if (state === READY) this.#serve();
    if (this.#waiting.size > 0 && (state === READY || state === IDLE)) this.#balancer.connect();
  }

  #serve(): void {
    this.#waiting.offer((call) => {
      const link = this.#balancer.pick();
      if (link) call.run(link);
      return link !== undefined;
    });
  }
}

// An enumeration that grpc-js does not export.
type ChannelKind = ReturnType<ChannelInterface["getChannelzRef"]>["kind"];

/** In the words of grpc-js, which `base/plain-details.ts` reads. */
const closed = "Channel closed before call started";

import type { HeaderList } from "@interlock/wire";
import type { PeerLoad } from "../admission/peer-load.js";
import type { Clock } from "../base/clock.js";
import { denial } from "../base/error.js";
import type { RequestOwner } from "./incoming-request.js";
import type { ServedMethod } from "./options.js";
import type { RequestIntake } from "./request-intake.js";
import { RequestMeter } from "./request-meter.js";
import { SingleRequestMeter } from "./single-request-meter.js";

/** What a request is passed on to. */
export interface RequestSink {
  /** Takes content. False where it has to wait: then {@link PassedRequest.taken} says when it has gone. */
  onContent(bytes: Buffer, end: boolean): boolean;
  /** The request has ended without content in its last frame; with trailers, where there are some. */
  onEnd(trailers: HeaderList | undefined): void;
}

/**
 * The request of a call that is passed on as bytes. It is bounded as one that a handler reads, and the caller is credited with what
 * has gone on: so all that is held of a call is the window of its stream.
 */
export class PassedRequest implements RequestIntake {
  readonly isReady = true;
  /**
   * Called once when the call is over, for whatever reason, with the code to reset what it was passed on to: that of the caller where
   * the caller has reset it, otherwise CANCEL.
   */
  onClose: ((code: number) => void) | undefined;
  readonly #owner: RequestOwner;
  readonly #single: SingleRequestMeter | undefined;
  readonly #many: RequestMeter | undefined;
  readonly #maximumBytes: number;
  #sink: RequestSink | undefined;
  /** What has come before there was a sink. */
  #held: Buffer[] = [];
  #uncredited = 0;
  #trailers: HeaderList | undefined;
  /** Whether its end has come, and whether it has been passed on. */
  #ended = false;
  #endPassed = false;
  #closed = false;
  readonly #arrivedAt: number;

  constructor(
    owner: RequestOwner,
    { method, maximumRequestBytes }: Pick<ServedMethod, "method" | "maximumRequestBytes">,
    load: PeerLoad,
    { clock, requestBytesPerPeer }: { readonly clock: Clock; readonly requestBytesPerPeer: number },
  ) {
    this.#owner = owner;
    this.#maximumBytes = maximumRequestBytes;
    this.#arrivedAt = clock.now();
    if (method.kind === "clientStreaming" || method.kind === "bidiStreaming") {
      this.#many = new RequestMeter(load, maximumRequestBytes, requestBytesPerPeer);
    } else this.#single = new SingleRequestMeter(load, maximumRequestBytes, requestBytesPerPeer);
  }

  /** Whether all of the request has come, and nothing of it has been passed on. */
  get isWhole(): boolean {
    return this.#ended && !this.#sink;
  }

  push(bytes: Buffer, end: boolean): void {
    const fault = this.#single ? this.#single.received(bytes.length) : this.#many?.received(bytes);
    if (fault) {
      const detail = fault === "REQUEST_TOO_LARGE" ? `a message may have ${this.#maximumBytes} bytes here` : "";
      this.#owner.onFault(denial(fault, detail), fault === "REQUEST_IN_PIECES");
      return;
    }
    if (end) this.#ended = true;
    this.#uncredited += bytes.length;
    if (this.#sink) this.#pass(this.#sink, bytes, end);
    else this.#held.push(bytes);
  }

  end(trailers?: HeaderList): void {
    this.#ended = true;
    this.#trailers = trailers;
    if (this.#sink) this.#passEnd(this.#sink);
  }

  /** Passes on what has come, and what comes from now on. */
  attach(sink: RequestSink): void {
    if (this.#closed) return;
    this.#sink = sink;
    const held = this.#held;
    this.#held = [];
    for (const [i, bytes] of held.entries())
      this.#pass(sink, bytes, this.#ended && !this.#trailers && i === held.length - 1);
    if (this.#ended) this.#passEnd(sink);
  }

  /** What had to wait has gone on. */
  taken(): void {
    const bytes = this.#uncredited;
    this.#uncredited = 0;
    this.#single?.close(); // What comes after that counts again.
    while (this.#many && !this.#many.waitsForPeer) this.#many.delivered();
    if (bytes > 0 && !this.#ended) this.#owner.credit(bytes);
  }

  failIfWaitingSince(late: number): void {
    // Where a call has many messages, the server behind looks at each of them.
    const waits = this.#single !== undefined && !this.#ended && !this.#closed;
    if (waits && this.#arrivedAt <= late) this.#owner.onFault(denial("REQUEST_TOO_SLOW"), false);
  }

  charge(load: PeerLoad): void {
    this.#single?.charge(load);
    this.#many?.charge(load);
  }

  abort(): void {}

  close(code: number): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#held = [];
    this.#single?.close();
    this.#many?.close();
    this.onClose?.(code);
  }

  #pass(sink: RequestSink, bytes: Buffer, end: boolean): void {
    if (end) this.#endPassed = true;
    if (sink.onContent(bytes, end)) this.taken();
  }

  #passEnd(sink: RequestSink): void {
    if (this.#endPassed) return;
    this.#endPassed = true;
    sink.onEnd(this.#trailers);
  }
}

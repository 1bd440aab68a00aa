import { type Metadata, ServerInterceptingCall, type ServerInterceptingCallInterface } from "@grpc/grpc-js";
import type { Attempt } from "../admission/attempt.js";
import type { Admission } from "../admission/chain.js";
import type { Connection } from "../admission/connection.js";
import { keepAuthorized } from "../admission/keep-authorized.js";
import { InterlockError } from "../base/error.js";
import { offerReference } from "../token/reference.js";
import { acceptVouches, tellVoucher, vouchesIn } from "../token/vouches.js";
import type { GateOptions } from "./admission.js";
import { LiveCall, toStatus } from "./live-call.js";
import type { ServedMethod } from "./options.js";

type Call = ServerInterceptingCallInterface;
type Listener = Parameters<Call["start"]>[0];

// grpc-js hands one and the same metadata object to the interceptor and to the handler.
const liveCall = Symbol("live call");
type Carrier = Metadata & { [liveCall]?: LiveCall | undefined };

/** The call whose handler was given this metadata. */
export function liveCallOf(metadata: Carrier): LiveCall {
  return metadata[liveCall] as LiveCall;
}

/**
 * One call on its way through the gate. It takes the place of grpc-js's own intercepting call whole, listener and all:
 * that one makes a dozen closures for each call, and is a tenth of what a call costs a server.
 */
export class GatedCall extends ServerInterceptingCall implements Listener {
  readonly #call: Call;
  readonly #options: GateOptions;
  readonly #served: ServedMethod;
  #listener: Listener | undefined;
  #live: LiveCall | undefined;
  #metadata: Carrier | undefined;
  #gone = false;

  constructor(call: Call, options: GateOptions, served: ServedMethod) {
    super(call);
    this.#call = call;
    this.#options = options;
    this.#served = served;
  }

  override start(listener: Listener): void {
    this.#listener = listener;
    this.#call.start(this);
  }

  onReceiveMetadata(metadata: Metadata): void {
    const { chain, clock, connectionOf } = this.#options;
    // What grpc-js noted when the call came; `getPeer` would ask the socket again, through two proxies.
    const { remoteAddress, remotePort } = this.#call.getConnectionInfo();
    const connection = connectionOf(remoteAddress, remotePort);
    if (!connection) {
      this.#call.sendStatus(toStatus(new InterlockError("UNAVAILABLE", "The connection ended.")));
      return;
    }
    const { service, method } = this.#served;
    const attempt: Attempt = { service, method, connection, metadata, now: clock.now() };
    try {
      const admission = chain(attempt);
      if (admission instanceof Promise) this.#decideLater(attempt, connection, admission);
      else this.#letIn(attempt, admission);
    } catch (thrown) {
      this.#refuse(attempt, connection, thrown);
    }
  }

  onReceiveMessage(message: unknown): void {
    this.#listener?.onReceiveMessage(message);
  }

  onReceiveHalfClose(): void {
    if (this.#live) this.#live.halfClosed = true;
    this.#listener?.onReceiveHalfClose();
  }

  onCancel(): void {
    this.#gone = true;
    // grpc-js says so at the end of every call; an error, with its stack, is made only for one that was cut short.
    if (this.#live?.open) this.#live.cancel(cancellation(this.#live));
    if (this.#live) this.#listener?.onCancel();
    this.#letGo();
  }

  /**
   * Nothing comes after this. HTTP/2 keeps a stream for longer than it lives (see `roster.ts`), and with it would keep the
   * handler's request, its context and its answer.
   */
  #letGo(): void {
    if (this.#metadata) this.#metadata[liveCall] = undefined;
    this.#metadata = undefined;
    this.#listener = undefined;
    this.#live = undefined;
  }

  #decideLater(attempt: Attempt, connection: Connection, admission: Promise<Admission>): void {
    admission.then(
      // The first call with this token here; later ones may refer to it.
      (admitted) => this.#letIn(attempt, admitted, offerReference(this.#options.certificate())),
      (thrown) => this.#refuse(attempt, connection, thrown),
    );
  }

  #letIn(attempt: Attempt, admission: Admission, offer?: Metadata): void {
    if (this.#gone) return; // While its token was verified: nobody would tell the handler to stop.
    const { metadata, method, now } = attempt;
    const head = this.#introduce(attempt, offer);
    if (head) this.#call.sendMetadata(head);
    this.#live = new LiveCall(attempt, admission, this.#call, this.#options);
    this.#metadata = metadata;
    this.#metadata[liveCall] = this.#live;
    if (method.kind !== "unary")
      keepAuthorized(this.#live, attempt.connection, this.#options.trust, this.#options.clock);
    this.#options.recorder.admitted(method.path, admission.caller.spiffeId.uri, now);
    this.#listener?.onReceiveMetadata(metadata);
  }

  /** What is told to the caller before anything that the handler says, if there is any. */
  #introduce({ connection, method, metadata }: Attempt, offer: Metadata | undefined): Metadata | undefined {
    // A stream may outlive the certificates of its connection.
    if (method.kind !== "unary") return tellVoucher(connection.voucher, offer);
    // Looked for where tokens are shown too, and not in the path of every call.
    const vouches = method.policy.anyBot ? vouchesIn(metadata) : none;
    if (vouches.length === 0) return offer;
    return acceptVouches(this.#options.vouch(connection, vouches), offer);
  }

  #refuse({ method, now }: Attempt, { peer, address }: Connection, thrown: unknown): void {
    const error = asDenial(thrown);
    const reason = error.reason ?? error.code;
    const { path } = method;
    this.#options.recorder.denied({ at: now, reason, method: path, caller: peer.uri, address, detail: error.message });
    this.#call.sendStatus(toStatus(error));
  }

  override sendMetadata(metadata: Metadata): void {
    this.#call.sendMetadata(metadata);
  }

  override sendMessage(message: unknown, callback: () => void): void {
    this.#call.sendMessage(message, callback);
  }

  override sendStatus(status: Parameters<Call["sendStatus"]>[0]): void {
    this.#live?.finish();
    this.#call.sendStatus(status);
  }

  override startRead(): void {
    this.#call.startRead();
  }
}

const none: readonly string[] = [];

/** What the chain threw. Anything but a denial is a fault of ours, whose words are not for the caller. */
function asDenial(thrown: unknown): InterlockError {
  if (thrown instanceof InterlockError) return thrown;
  return new InterlockError("INTERNAL", "The call could not be checked.", { cause: thrown });
}

function cancellation({ deadline }: LiveCall): InterlockError {
  // By the machine's clock, as grpc-js has it, whose timers may be a millisecond early.
  return deadline && Date.now() + 1 >= deadline.getTime()
    ? new InterlockError("DEADLINE_EXCEEDED", "The deadline has passed.")
    : new InterlockError("CANCELLED", "The caller canceled the call.");
}

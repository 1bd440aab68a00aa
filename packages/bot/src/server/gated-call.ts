import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from "@grpc/grpc-js";
import type { Admission, Chain } from "../admission/chain.js";
import type { Connection } from "../admission/connection.js";
import { keepAuthorized } from "../admission/keep-authorized.js";
import { boundEncoded } from "../base/bounded-text.js";
import type { Clock } from "../base/clock.js";
import { InterlockError } from "../base/error.js";
import type { Reason } from "../base/reason.js";
import type { Recorder } from "../base/recorder.js";
import type { Certificate } from "../identity/certificate.js";
import { authorizationIn } from "../token/authorization.js";
import { offerReference, referencesIn } from "../token/reference.js";
import { acceptVouches, tellVoucher, vouchesIn } from "../token/vouches.js";
import type { Trust } from "../trust/trust.js";
import type { Arrival, Refusable } from "./arrivals.js";
import { type GrpcAttempt, LiveCall, maximumMessageBytes, toStatus } from "./live-call.js";
import { createUnpacking, encodingOf, refuseEncoding, type Unpacking } from "./unpacking.js";

/** What the gate of a server needs. */
export interface GateOptions {
  readonly chain: (...attempt: Parameters<Chain>) => ReturnType<Chain>;
  readonly trust: Trust;
  readonly clock: Clock;
  readonly recorder: Recorder;
  /** The server's own certificate, as it is now. */
  certificate(): Certificate;
  /** The call that has just arrived. */
  arriving(): Arrival | undefined;
  /** The peer of a connection vouches for older ones of its own; gives those that are accepted. */
  vouch(later: Connection, vouches: readonly string[]): string[];
}

/** Admits calls to their handlers, or answers them with a denial. */
export interface Gate {
  readonly interceptor: ServerInterceptor;
  /** The call whose handler was given this metadata. */
  callOf(metadata: Metadata): LiveCall;
}

/**
 * Puts the chain before every handler of a grpc-js server, for all four kinds of call: nothing of a request is decoded,
 * and no handler runs, before the chain has admitted the call. Every outcome is recorded.
 */
export function createGate(options: GateOptions): Gate {
  const unpacking = createUnpacking();
  return {
    interceptor: function admit(_descriptor, call) {
      const arrival = options.arriving() as Arrival; // grpc-js makes the call while it is given the stream.
      return new GatedCall(call, arrival, options, unpacking);
    },
    callOf: (metadata: Carrier) => metadata[liveCall] as LiveCall,
  };
}

type Call = ServerInterceptingCallInterface;
type Listener = Parameters<Call["start"]>[0];

// grpc-js hands one and the same metadata object to the interceptor and to the handler.
const liveCall = Symbol("live call");
type Carrier = Metadata & { [liveCall]?: LiveCall | undefined };

/**
 * One call on its way through the gate. It replaces grpc-js's own intercepting call as a whole, with its listener: that
 * one makes a dozen closures for each call, which is a tenth of what a call costs a server.
 */
class GatedCall extends ServerInterceptingCall implements Listener, Refusable {
  readonly #call: Call;
  readonly #arrival: Arrival;
  readonly #options: GateOptions;
  #listener: Listener | undefined;
  #live: LiveCall | undefined;
  #metadata: Carrier | undefined;
  #gone = false;
  #attempt: GrpcAttempt | undefined;
  readonly #unpacking: Unpacking;
  /** Whether its messages are compressed. */
  #packed = false;
  /** Called before each read where messages have to be unpacked. */
  #beforeRead: (() => void) | undefined;

  constructor(call: Call, arrival: Arrival, options: GateOptions, unpacking: Unpacking) {
    super(call);
    this.#call = call;
    this.#arrival = arrival;
    arrival.call = this;
    this.#options = options;
    this.#unpacking = unpacking;
  }

  override start(listener: Listener): void {
    this.#listener = listener;
    this.#call.start(this);
  }

  onReceiveMetadata(metadata: Metadata): void {
    const { chain } = this.#options;
    const { connection, served, at: now } = this.#arrival;
    const { service, method } = served;
    const attempt: GrpcAttempt = {
      service: service.name,
      method,
      connection,
      authorization: authorizationIn(metadata),
      references: referencesIn(metadata),
      metadata,
      now,
    };
    this.#attempt = attempt;
    if (encodingOf(this.#call) !== "identity") {
      this.#packed = true;
      if (!method.policy.anyBot) {
        this.#beforeRead = this.#unpacking.take(this.#call, connection.peer.uri, this.#options.clock.now);
      }
    }
    try {
      const admission = chain(attempt);
      if (admission instanceof Promise) this.#decideLater(attempt, connection, admission);
      else this.#letIn(attempt, admission);
    } catch (thrown) {
      this.#refuse(attempt, connection, thrown);
    }
  }

  onReceiveMessage(message: unknown): void {
    if (this.#gone) return; // The request was refused while it was read.
    this.#arrival.delivered();
    this.#listener?.onReceiveMessage(message);
  }

  onReceiveHalfClose(): void {
    if (this.#gone) return;
    if (this.#live) this.#live.halfClosed = true;
    this.#listener?.onReceiveHalfClose();
  }

  onCancel(): void {
    this.#gone = true;
    // grpc-js calls this at the end of every call; an error, with its stack, is made only for one that was cut short.
    if (this.#live?.open) this.#live.cancel(cancellation(this.#live));
    if (this.#live) this.#listener?.onCancel();
    this.#arrival.close();
    this.#letGo();
  }

  /**
   * Drops what the call holds. HTTP/2 keeps a stream for longer than it lives (see `roster.ts`), and with it would keep
   * the handler's request, its context and its answer.
   */
  #letGo(): void {
    if (this.#metadata) this.#metadata[liveCall] = undefined;
    this.#metadata = undefined;
    this.#listener = undefined;
    this.#live = undefined;
    this.#attempt = undefined;
  }

  #decideLater(attempt: GrpcAttempt, connection: Connection, admission: Promise<Admission>): void {
    admission.then(
      (admitted) => this.#letIn(attempt, admitted, this.#offerTo(attempt)),
      (thrown) => this.#refuse(attempt, connection, thrown),
    );
  }

  /** What is offered to a call that showed its whole token: later ones may refer to it. */
  #offerTo({ authorization }: GrpcAttempt): Metadata | undefined {
    return authorization.length > 0 ? offerReference(this.#options.certificate()) : undefined;
  }

  #letIn(attempt: GrpcAttempt, admission: Admission, offer?: Metadata): void {
    if (this.#gone) return; // The caller went away during the check: nothing would tell the handler to stop.
    const { metadata, method, now } = attempt;
    if (this.#packed && method.policy.anyBot) {
      this.#refuseEncoding(attempt, attempt.connection);
      return;
    }
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

  /** Ends the call because of its request, before it was admitted or after. */
  turnAway(error: InterlockError): void {
    const attempt = this.#attempt;
    if (this.#gone || !attempt) return;
    if (this.#live) this.#live.end(error);
    else this.#refuse(attempt, attempt.connection, error);
    this.#gone = true;
  }

  /** The initial metadata for the caller that are Interlock's own, if there are any. */
  #introduce({ connection, method, metadata }: GrpcAttempt, offer: Metadata | undefined): Metadata | undefined {
    // A stream may outlive the certificates of its connection.
    if (method.kind !== "unary") return tellVoucher(connection.voucher, offer);
    // Vouches are read only where tokens need not be shown, and not in the path of every call.
    const vouches = method.policy.anyBot ? vouchesIn(metadata) : none;
    if (vouches.length === 0) return offer;
    return acceptVouches(this.#options.vouch(connection, vouches), offer);
  }

  #refuse({ method, now }: GrpcAttempt, connection: Connection, thrown: unknown): void {
    const { peer, address } = connection;
    const error = asDenial(thrown);
    const reason = error.reason ?? error.code;
    const { path } = method;
    if (!asksForToken(connection, reason)) {
      const { message: detail } = error;
      this.#options.recorder.denied({ at: now, reason, method: path, caller: peer.uri, address, detail });
    }
    this.#call.sendStatus(toStatus(error));
  }

  /** Nothing is unpacked for a caller that need not show a token. */
  #refuseEncoding({ method, now }: GrpcAttempt, { peer, address }: Connection): void {
    const [reason, detail] = ["ENCODING_REFUSED", encodingOf(this.#call).slice(0, 32)];
    this.#options.recorder.denied({ at: now, reason, method: method.path, caller: peer.uri, address, detail });
    this.#call.sendStatus(refuseEncoding());
  }

  override sendMetadata(metadata: Metadata): void {
    this.#call.sendMetadata(metadata);
  }

  override sendMessage(message: unknown, callback: () => void): void {
    this.#call.sendMessage(message, callback);
  }

  override sendStatus(status: Parameters<Call["sendStatus"]>[0]): void {
    this.#live?.finish();
    const { details } = status;
    // Those of libraries, too.
    const bounded = typeof details === "string" ? boundEncoded(details, maximumMessageBytes) : details;
    this.#call.sendStatus(bounded === details ? status : { ...status, details: bounded });
  }

  override startRead(): void {
    this.#beforeRead?.();
    this.#call.startRead();
  }
}

const none: readonly string[] = [];

/** What the chain threw, as an error for the caller. Anything but a denial is a fault of ours, and its text stays here. */
function asDenial(thrown: unknown): InterlockError {
  if (thrown instanceof InterlockError) return thrown;
  return new InterlockError("INTERNAL", "The call could not be checked.", { cause: thrown });
}

function cancellation({ deadline }: LiveCall): InterlockError {
  // By the machine's clock, which grpc-js goes by; its timers may be a millisecond early.
  return deadline && Date.now() + 1 >= deadline.getTime()
    ? new InterlockError("DEADLINE_EXCEEDED", "The deadline has passed.")
    : new InterlockError("CANCELLED", "The caller canceled the call.");
}

/** How many calls of one connection may refer to a token that it has not been shown, without a record. */
const maximumReferences = 256;

const references = new WeakMap<Connection, number>();

/**
 * Whether a refusal only asks for the whole token: a connection was replaced while calls were on their way, which refer to a
 * token that the one before was shown. Their number is bounded by that of calls in flight; more of them are denials.
 */
function asksForToken(connection: Connection, reason: string): boolean {
  if (reason !== ("TOKEN_NOT_SHOWN" satisfies Reason)) return false;
  const count = (references.get(connection) ?? 0) + 1;
  references.set(connection, count);
  return count <= maximumReferences;
}

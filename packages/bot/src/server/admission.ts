import { type Metadata, ServerInterceptingCall, type ServerInterceptor } from "@grpc/grpc-js";
import type { Clock } from "../clock.js";
import { InterlockError } from "../error.js";
import type { Attempt } from "../interceptors/attempt.js";
import type { Admission, Chain } from "../interceptors/chain.js";
import type { Recorder } from "../recorder.js";
import type { Connection } from "./connection.js";
import { LiveCall, toStatus } from "./live-call.js";
import type { ServedMethod } from "./options.js";

/** What the gate of a server needs. */
export interface GateOptions {
  readonly chain: Chain;
  readonly clock: Clock;
  readonly recorder: Recorder;
  /** By path. */
  readonly methods: ReadonlyMap<string, ServedMethod>;
  /** By `host:port` of the peer. */
  connectionOf(peer: string): Connection | undefined;
}

/** Lets calls through to their handlers, or answers them. */
export interface Gate {
  readonly interceptor: ServerInterceptor;
  /** The call whose handler was given this metadata. */
  callOf(metadata: Metadata): LiveCall;
}

/**
 * Puts the chain before every handler of a grpc-js server, for all four kinds of call: nothing of a request is decoded,
 * and no handler runs, before the chain has admitted the call. Every outcome is recorded.
 */
export function createGate({ chain, clock, recorder, methods, connectionOf }: GateOptions): Gate {
  // grpc-js hands one and the same metadata object to the interceptor and to the handler.
  const liveCalls = new WeakMap<Metadata, LiveCall>();

  const interceptor: ServerInterceptor = function admit(descriptor, call) {
    let live: LiveCall | undefined;
    let gone = false;
    return new ServerInterceptingCall(call, {
      start(next) {
        next({
          onReceiveMetadata(metadata, proceed) {
            const served = methods.get(descriptor.path) as ServedMethod;
            const connection = connectionOf(call.getPeer());
            if (!connection)
              return call.sendStatus(toStatus(new InterlockError("UNAVAILABLE", "The connection ended.")));
            const attempt: Attempt = { ...served, connection, metadata, now: clock.now() };
            const letIn = (admission: Admission) => {
              if (gone) return; // While its token was verified: nobody would tell the handler to stop.
              metadata.remove("authorization"); // No handler needs it, and what it does not have it cannot log.
              live = new LiveCall(attempt, admission, call);
              liveCalls.set(metadata, live);
              recorder.admitted(descriptor.path, admission.caller.spiffeId.uri, attempt.now);
              proceed(metadata);
            };
            const refuse = (thrown: unknown) => {
              const error = asDenial(thrown);
              recordDenial(attempt, error);
              call.sendStatus(toStatus(error));
            };
            try {
              const admission = chain(attempt);
              if (admission instanceof Promise) admission.then(letIn, refuse);
              else letIn(admission);
            } catch (thrown) {
              refuse(thrown);
            }
          },
          onReceiveHalfClose(proceed) {
            if (live) live.halfClosed = true;
            proceed();
          },
          onCancel() {
            gone = true;
            // grpc-js calls this at the end of every call; an error, with its stack, is made only for one cut short.
            if (live?.open) live.cancel(cancellation(live));
          },
        });
      },
      sendStatus(status, next) {
        live?.finish();
        next(status);
      },
    });
  };

  function recordDenial({ method, connection, now }: Attempt, error: InterlockError): void {
    recorder.denied({
      at: now,
      reason: error.reason ?? error.code,
      method: method.path,
      caller: connection.peer.uri,
      address: connection.address,
      detail: error.message,
    });
  }

  return { interceptor, callOf: (metadata) => liveCalls.get(metadata) as LiveCall };
}

/** What the chain threw. Anything but a denial is a fault of ours, whose words are not for the caller. */
function asDenial(thrown: unknown): InterlockError {
  if (thrown instanceof InterlockError) return thrown;
  return new InterlockError("INTERNAL", "The call could not be checked.", { cause: thrown });
}

function cancellation({ deadline }: LiveCall): InterlockError {
  // By the machine's clock, as grpc-js has it, whose timers may be a millisecond early.
  return deadline && Date.now() + 1 >= deadline.getTime()
    ? new InterlockError("DEADLINE_EXCEEDED", "The deadline has passed.")
    : new InterlockError("CANCELLED", "The caller cancelled the call.");
}

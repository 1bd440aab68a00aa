import type { Metadata, ServerInterceptor } from "@grpc/grpc-js";
import type { Chain } from "../admission/chain.js";
import type { Connection } from "../admission/connection.js";
import type { Clock } from "../base/clock.js";
import type { Recorder } from "../base/recorder.js";
import type { Certificate } from "../identity/certificate.js";
import type { Trust } from "../trust/trust.js";
import { GatedCall, liveCallOf } from "./gated-call.js";
import type { LiveCall } from "./live-call.js";
import type { ServedMethod } from "./options.js";

/** What the gate of a server needs. */
export interface GateOptions {
  readonly chain: Chain;
  readonly trust: Trust;
  readonly clock: Clock;
  readonly recorder: Recorder;
  /** The server's own certificate, as it is now. */
  certificate(): Certificate;
  /** By path. */
  readonly methods: ReadonlyMap<string, ServedMethod>;
  /** The connection of the peer at this address and port. */
  connectionOf(address: string | undefined, port: number | undefined): Connection | undefined;
  /** The peer of a connection says that older ones are its as well; gives those that are. */
  vouch(later: Connection, vouches: readonly string[]): string[];
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
export function createGate(options: GateOptions): Gate {
  return {
    interceptor: function admit(descriptor, call) {
      return new GatedCall(call, options, options.methods.get(descriptor.path) as ServedMethod);
    },
    callOf: liveCallOf,
  };
}

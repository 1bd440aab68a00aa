import type { AnyMethod, Init, Rate, ServiceDefinition } from "@interlock/policy";
import type { Clock } from "../base/clock.js";
import type { Log } from "../base/log.js";
import type { Recorder } from "../base/recorder.js";
import type { JoinRequest, JoinResponse } from "../gen/interlock/authority/v1/enrollment_service.js";
import type { IdentitySource } from "../identity/identity.js";
import type { Trust } from "../trust/trust.js";
import type { Implementation } from "./handlers.js";

/** Collects the services of a server. */
export interface Routes {
  /** Adds a service with the functions that serve it. Throws when a method's policy is missing or unsound. */
  add<S extends ServiceDefinition>(service: S, implementation: Implementation<S>): Routes;
}

/** What a secure server stands on. */
export interface ServerOptions {
  readonly identity: IdentitySource;
  readonly trust: Trust;
  readonly recorder: Recorder;
  readonly log: Log;
  readonly clock: Clock;
  /** Where to listen; `127.0.0.1` unless said, port 0 for any free one. */
  readonly host?: string;
  readonly port: number;
  /** How many connections there may be at once: 4,096 unless said. */
  readonly maximumConnections?: number;
  /** How many connections one bot may have at once: 64 unless said. */
  readonly connectionsPerPeer?: number;
  /** How many calls one bot may make of all methods; 2,000 a second unless said, and 4,000 at once. */
  readonly callerRate?: Rate | undefined;
  /** Serves `EnrollmentService`, and nothing else, to peers that show no certificate. Only an authority has it. */
  readonly enrollment?: Enrollment;
}

/** Takes in bots that have no certificate yet; the join token in the request is their credential. */
export interface Enrollment {
  join(request: JoinRequest, peer: { readonly address: string }): Promise<Init<JoinResponse>>;
}

/** A running server. */
export interface BotServer {
  readonly port: number;
  /** `host:port` to call. */
  readonly address: string;
  /** Full names of the services, for the inventory. */
  readonly services: readonly string[];
  /** How many connections and calls are open now, and how many verified tokens are kept for them. */
  open(): { readonly connections: number; readonly calls: number; readonly tokens: number };
  /** What the health service says of one of the services; all serve until the server closes, unless said. */
  setHealth(service: string, serving: boolean): void;
  /** Refuses new calls, lets those under way finish for at most `graceMs` (10 s unless said), then closes. */
  close(graceMs?: number): Promise<void>;
}

/** A method as it is served: its policy has been checked. */
export interface ServedMethod {
  readonly service: ServiceDefinition;
  readonly method: AnyMethod;
}

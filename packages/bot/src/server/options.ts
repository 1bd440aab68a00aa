import type { Metadata } from "@grpc/grpc-js";
import type { AnyMethod, Init, Rate, ServiceDefinition } from "@interlock/policy";
import type { FederatedDoor } from "../admission/refuse-federated.js";
import type { MethodDurations } from "../base/call-durations.js";
import type { Clock } from "../base/clock.js";
import type { Log } from "../base/log.js";
import type { CreateRateLimiter } from "../base/rate-limiter.js";
import type { Recorder } from "../base/recorder.js";
import type {
  JoinRequest,
  JoinResponse,
  RecoverRequest,
  RecoverResponse,
} from "../gen/interlock/authority/v1/enrollment_service.js";
import type { IdentitySource } from "../identity/identity.js";
import type { SourceContact } from "../identity/source-contact.js";
import type { AuthorityContact } from "../trust/authority-contact.js";
import type { Trust } from "../trust/trust.js";
import type { Implementation } from "./handlers.js";
import type { ServerInterceptor } from "./interceptor.js";

/** The services of a server, while it is built. */
export interface Routes {
  /**
   * Adds a service with the functions that serve it.
   *
   * @param service - The generated definition.
   * @param implementation - A handler for each method.
   * @param limits - Limits of its methods, where the defaults do not fit.
   * @returns The same routes, for the next service.
   * @throws An `Error` when the policy of a method is missing or unsound, when a method is added twice, when a handler is
   * missing, or when the server listens already.
   *
   * @example
   * ```ts
   * await bot.serve({ port: 50051 }, (routes) => routes.add(GripperService, gripper).add(CoffeeService, coffee));
   * ```
   */
  add<S extends ServiceDefinition>(service: S, implementation: Implementation<S>, limits?: RouteLimits<S>): Routes;
}

/** Limits of the methods of one service. */
export interface RouteLimits<S extends ServiceDefinition> {
  /**
   * The longest message of a request to a method, in bytes; at most 4 MiB. Default: 64 KiB for methods that are open to any
   * bot, 4 MiB for others.
   */
  readonly requestBytes?: { readonly [K in keyof S["methods"]]?: number };
}

/** What a secure server needs. */
export interface ServerOptions {
  readonly identity: IdentitySource;
  readonly trust: Trust;
  /** Whether the authority can be reached. Absent: there is none, or this is the authority. */
  readonly contact?: AuthorityContact | undefined;
  /** Whether the source of the identity can be reached. Absent: it does not say. */
  readonly identityContact?: SourceContact | undefined;
  readonly recorder: Recorder;
  readonly log: Log;
  readonly clock: Clock;
  /** The address to listen on. Default: `127.0.0.1`. */
  readonly host?: string;
  /** 0 for any free port. */
  readonly port: number;
  /** How many connections there may be at once. Default: 4,096. */
  readonly maximumConnections?: number;
  /** How many connections one bot may have at once, unless it is a gateway of a service that is served (`via`). Default: 64. */
  readonly connectionsPerPeer?: number;
  /**
   * How many connections are cut in 10 ms when a change of the trust ends more. The others take no calls meanwhile, and keep those that
   * are under way: for a server whose calls under way may end a moment later. Default: all.
   */
  readonly cutsAtOnce?: number | undefined;
  /** How many calls of all methods one bot may make. Default: 2,000 a second, 4,000 at once. */
  readonly callerRate?: Rate | undefined;
  /** How many calls one bot may have open at once, over all of its connections and through gateways. Default: 1,024. */
  readonly callsPerPeer?: number | undefined;
  /** How many bytes of requests one bot may have under way, over all of its connections and through gateways. Default: 32 MiB. */
  readonly requestBytesPerPeer?: number | undefined;
  /** How many calls one connection may have open at once. Default: 256. */
  readonly callsPerConnection?: number | undefined;
  /** How answers are compressed for callers that take it. Default: not at all. */
  readonly compression?: "gzip" | undefined;
  /** Run around each handler of the services that are added, the first one outermost. Default: none. */
  readonly interceptors?: readonly ServerInterceptor[] | undefined;
  /**
   * Where bots of federated trust domains are let in: those of which the relation names a service of this server, as `served`, or
   * others. Default: nowhere.
   */
  readonly federated?: "served" | FederatedDoor | undefined;
  /** Makes the limiters of callers and methods, for example over a shared store. Default: in memory. */
  readonly createLimiter?: CreateRateLimiter | undefined;
  /** Serves `EnrollmentService`, and nothing else, to peers without a certificate. Only an authority has it. */
  readonly enrollment?: Enrollment;
}

/** Enrolls bots that have no valid certificate. The credential is in the request. */
export interface Enrollment {
  /** Gives a certificate and the trust for a join token, or rejects with a denial. */
  join(request: JoinRequest, peer: { readonly address: string }): Promise<Init<JoinResponse>>;
  /** Gives a certificate and the trust for one that has expired and the proof of its key, or rejects with a denial. */
  recover(request: RecoverRequest, peer: RecoveringPeer): Promise<Init<RecoverResponse>>;
}

/** A peer that asks for the certificate after one that has expired. */
export interface RecoveringPeer {
  /** `host:port`. */
  readonly address: string;
  /** The challenge that this connection got and has not used; absent when there is none. */
  readonly challenge: Uint8Array | undefined;
}

/**
 * A running server.
 *
 * @example
 * ```ts
 * const server = await bot.serve({ port: 0 }, (routes) => routes.add(GripperService, gripper));
 * console.log(server.address); // 127.0.0.1:49152
 * await server.close();
 * ```
 */
export interface BotServer {
  /** The port on which it listens. */
  readonly port: number;
  /** `host:port` at which others reach it; the directory has it. */
  readonly address: string;
  /** Full names of the services, for the inventory. */
  readonly services: readonly string[];
  /** Counts the connections and calls that are open now, and the verified tokens that are kept for them. */
  open(): { readonly connections: number; readonly calls: number; readonly tokens: number };
  /**
   * Sets what the health service reports for one service. Default: SERVING, until the server closes.
   *
   * @param service - Full name of the service.
   * @param serving - Whether it can serve.
   */
  setHealth(service: string, serving: boolean): void;
  /**
   * Refuses new calls, lets the open ones finish, then closes.
   *
   * @param graceMs - How long open calls may take before they are ended. Default: 10,000.
   * @returns Resolves once the port is free.
   */
  close(graceMs?: number): Promise<void>;
}

/** A method that is served. Its policy has been checked. */
export interface ServedMethod {
  readonly service: ServiceDefinition;
  readonly method: AnyMethod;
  /** The longest message of a request, in bytes. */
  readonly maximumRequestBytes: number;
  /** How long its calls take. */
  readonly durations: MethodDurations;
  /** Whether its answers are compressed for callers that take gzip. */
  readonly packs: boolean;
  /** Whether a request is held against the conditions of its caller: before the handler, or by the server that it is passed on to. */
  readonly checksConditions: boolean;
  /** What its answers say of its deprecation; absent for a method that is not deprecated. */
  readonly deprecation?: Metadata | undefined;
}

import type { MethodKind, Policy } from "@interlock/policy";
import type { SourcePlace } from "../inputs/project.js";

/** The states that an endpoint can have, several at once. */
export const endpointStates = [
  "declared",
  "served",
  "listening",
  "used",
  "unused",
  "deprecated",
  "past sunset",
  "retired",
  "undeclared",
  "unknown",
] as const;

/** A state of an endpoint: one of {@link endpointStates}. */
export type EndpointState = (typeof endpointStates)[number];

/** Everything that is known of a fleet's endpoints and bots at one time. Times are milliseconds since the epoch. */
export interface Inventory {
  /** When. */
  readonly at: number;
  /** A method without a call in this time before `at` is unused. */
  readonly windowMs: number;
  /** Empty when the authority was not asked. */
  readonly trustDomain: string;
  /** What it rests on. */
  readonly sources: InventorySources;
  /** One for each method, by service and name. */
  readonly endpoints: readonly Endpoint[];
  /** By name. */
  readonly bots: readonly InventoryBot[];
}

/** What was read for an inventory. */
export interface InventorySources {
  /** Whether the proto files of a project were read. */
  readonly project: boolean;
  /** Whether the authority was asked. */
  readonly fleet: boolean;
  /** Whether ports were scanned. */
  readonly scan: boolean;
}

/** One method of a service, from whichever source it is known. */
export interface Endpoint {
  /** `package.Service/Method`; the name of the service alone when its methods are not known. */
  readonly name: string;
  /** The full name of the service. */
  readonly service: string;
  /** Empty when the methods of the service are not known. */
  readonly method: string;
  /** Whether it is one of Interlock itself: of the authority, health, or reflection. */
  readonly own: boolean;
  readonly kind?: MethodKind | undefined;
  /** The team or person in charge of the service. */
  readonly owner?: string | undefined;
  /** The one that the project declares, or else the one that the latest process serves; absent when none is known. */
  readonly policy?: Policy | undefined;
  /** How served policies differ from `policy`, in sentences. */
  readonly drift: readonly string[];
  /** Where the project declares it. */
  readonly place?: SourcePlace | undefined;
  /** In the order of {@link endpointStates}. */
  readonly states: readonly EndpointState[];
  /** What is not known, and why, in sentences; not empty for the state `unknown`. */
  readonly unknown: readonly string[];
  /** With the state `unused`: when it was last called, or first reported if it never was. */
  readonly unusedSince?: number | undefined;
  /** The bots that have called it, the latest first. */
  readonly callers: readonly Caller[];
  /** The number of admitted calls on record. */
  readonly calls: number;
  /** The number of denied calls on record. */
  readonly denials: number;
  /** The first admitted call on record; absent for none. */
  readonly firstCallAt?: number | undefined;
  readonly lastCallAt?: number | undefined;
  /** The servers, those that are online first. */
  readonly servers: readonly EndpointServer[];
}

/** A bot that has called a method, alone or by others that acted for it. */
export interface Caller {
  readonly bot: string;
  /** The bots that acted for it, the one at the other end of the connection first; empty for none. */
  readonly actors: readonly string[];
  readonly calls: number;
  readonly firstAt: number;
  readonly lastAt: number;
}

/** A place where a method is, or was, served. */
export interface EndpointServer {
  /** Empty when a scan has found the service without a name. */
  readonly bot: string;
  /** The process; empty when it is not known. */
  readonly instance: string;
  readonly version: string;
  /** `host:port`; empty when it is not known. */
  readonly address: string;
  /** Whether it has given a sign of life within the last minute. */
  readonly online: boolean;
  /** Whether a scan found that the address listens. */
  readonly listening: boolean;
  /** When it was last heard; absent when only a scan knows it. */
  readonly lastSeenAt?: number | undefined;
  /** Set when it has said that it ends. */
  readonly stoppedAt?: number | undefined;
}

/** A bot of the fleet. */
export interface InventoryBot {
  readonly name: string;
  /** How it is known: it has joined; it has reported with a certificate from elsewhere; it has only called others; it is the authority. */
  readonly known: "joined" | "reported" | "called" | "authority";
  readonly online: boolean;
  readonly joinedAt?: number | undefined;
  readonly certificateExpiresAt?: number | undefined;
  readonly retiredAt?: number | undefined;
  readonly revokedAt?: number | undefined;
  /** When a process of it was last heard, or it last called; absent for never. */
  readonly lastSeenAt?: number | undefined;
  /** Of the processes that are online, or else of the latest one. */
  readonly versions: readonly string[];
  /** The services that it serves, or served last. */
  readonly services: readonly string[];
  /** The latest first, at most 16, and all that are online. */
  readonly processes: readonly InventoryProcess[];
}

/** A process of a bot. */
export interface InventoryProcess {
  readonly instance: string;
  readonly version: string;
  readonly addresses: readonly string[];
  readonly startedAt: number;
  readonly lastSeenAt: number;
  readonly stoppedAt?: number | undefined;
  readonly online: boolean;
}

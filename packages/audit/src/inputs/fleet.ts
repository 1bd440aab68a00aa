import type { ServedService } from "@interlock/policy";
import type { Grants } from "@interlock/policy/grants";

/** What the authority knows of its fleet. Bots are named without the trust domain; times are milliseconds since the epoch. */
export interface Fleet {
  readonly trustDomain: string;
  /** Every bot that has joined, or has reported with a certificate from elsewhere. */
  readonly bots: readonly FleetBot[];
  /** The processes of bots that have reported. */
  readonly processes: readonly FleetProcess[];
  /** The reported manifests, by their hash. */
  readonly manifests: ReadonlyMap<string, readonly ServedService[]>;
  /**
   * Since when each bot has served each service, and how completely its calls were counted. A method is known to be unused since
   * a time only where the service has a record, and each of its records that was reported after that time was first reported
   * before it, or is of a bot that joined after it, and is not uncounted after it.
   */
  readonly servers: readonly ServerRecord[];
  /** Calls and denials, summed over all days on record. */
  readonly usage: readonly UsageSum[];
  /**
   * Calls and denials by day. The oldest days of a bot may be missing, because their number is bounded; when a method was last
   * called, `usage` says.
   */
  readonly days: readonly UsageDay[];
  /** The methods that every server refuses: `package.Service/Method`, or `package.Service/*` for all of a service. Default: none. */
  readonly retiredMethods?: readonly string[] | undefined;
  /** The grants in force. */
  readonly grants: Grants;
  readonly grantsVersion: number;
  /** The versions of the grants that are on record, the oldest first; the last one is in force. */
  readonly grantVersions: readonly GrantVersion[];
}

/** A bot. */
export interface FleetBot {
  /** For example `gripper/1`. */
  readonly name: string;
  /** When it joined; absent for a bot whose certificate comes from elsewhere. */
  readonly joinedAt?: number | undefined;
  readonly certificateIssuedAt?: number | undefined;
  readonly certificateExpiresAt?: number | undefined;
  readonly retiredAt?: number | undefined;
  readonly revokedAt?: number | undefined;
}

/** A process of a bot, as it reported itself. */
export interface FleetProcess {
  /** The bot. */
  readonly bot: string;
  /** The process among those of its bot; empty when the bot does not tell them apart. */
  readonly instance: string;
  /** Of the bot's program; empty when it states none. */
  readonly version: string;
  /** Of its manifest in {@link Fleet.manifests}; empty when it serves none, or has not reported it. */
  readonly manifestHash: string;
  /** The full names of the services that it reported last. */
  readonly services: readonly string[];
  /** `host:port` of each address that it reported last. */
  readonly addresses: readonly string[];
  readonly startedAt: number;
  readonly lastSeenAt: number;
  /** Set when it has said that it ends. */
  readonly stoppedAt?: number | undefined;
  /** Whether it has given a sign of life within the last minute, and has not ended. */
  readonly online: boolean;
}

/** One service as served by one bot, in any of its processes. */
export interface ServerRecord {
  readonly bot: string;
  /** The full name of the service. */
  readonly service: string;
  /** When it was first reported. */
  readonly firstAt: number;
  /** When it was last reported. */
  readonly lastAt: number;
  /** When calls were last served that may not be in the usage: by a process that does not count or has lost counts. Absent for never. */
  readonly uncountedAt?: number | undefined;
}

/** What calls and denials are counted by. */
export interface UsageKey {
  /** The bot that was called. */
  readonly bot: string;
  /** `package.Service/Method`; empty for a connection refused before any call. */
  readonly method: string;
  /** The caller: the subject of the token. Empty when no identity was accepted. */
  readonly caller: string;
  /** The bots that acted for the caller, the one at the other end of the connection first; empty for none. */
  readonly actors: readonly string[];
  /** The reason of a denial; empty for admitted calls. */
  readonly denial: string;
}

/** All calls with one key. */
export interface UsageSum extends UsageKey {
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
}

/** The calls with one key on one day. */
export interface UsageDay extends UsageKey {
  /** `YYYY-MM-DD`, in UTC. */
  readonly day: string;
  readonly count: number;
}

/** A version of the grants. */
export interface GrantVersion {
  readonly version: number;
  readonly appliedAt: number;
  readonly appliedBy: string;
  readonly grants: Grants;
}

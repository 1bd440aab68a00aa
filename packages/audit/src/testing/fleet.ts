import { createHash } from "node:crypto";
import type { MethodKind, Policy, ServedService } from "@interlock/policy";
import { locateGrants, parseGrants } from "@interlock/policy/grants";
import type { Fleet, FleetBot, FleetProcess, GrantVersion, ServerRecord, UsageDay, UsageSum } from "../inputs/fleet.js";
import type { AuditInputs } from "../inputs/inputs.js";
import type { DeclaredService } from "../inputs/project.js";
import type { Scan } from "../inputs/scan.js";

/** The time of the judgment. */
export const now = Date.parse("2026-05-12T12:00:00Z");
/** A day, in milliseconds. */
export const day = 86_400_000;
/** So many days before {@link now}. */
export const ago = (days: number): number => now - days * day;

/** A method: its name, what differs from a plain policy, and its kind. */
export interface MethodSpec extends Partial<Policy> {
  readonly name: string;
  readonly kind?: MethodKind;
}

/** A service with plain policies. */
export function serviceWith(
  name: string,
  methods: readonly MethodSpec[],
  more: Partial<ServedService> = {},
): ServedService {
  return {
    name,
    owner: "cafe team",
    servedBy: [],
    ...more,
    methods: methods.map(({ name: method, kind = "unary", ...policy }) => ({
      name: method,
      path: `/${name}/${method}`,
      kind,
      policy: policyWith(policy),
    })),
  };
}

/** A plain policy: one scope, a low risk, a rate, no data. */
export function policyWith(more: Partial<Policy> = {}): Policy {
  return {
    scopes: more.anyBot ? [] : ["thing:use"],
    anyBot: false,
    purpose: "Do one thing.",
    risk: "low",
    dataClasses: ["internal"],
    callers: [],
    rate: { perSecond: 10, burst: 20 },
    ...more,
  };
}

/** The service with each method at a place of its own in a proto file. */
export function declare(service: ServedService): DeclaredService {
  const file = `protos/${service.name.split(".").slice(0, -1).join("/")}/${service.name.split(".").at(-1)}.proto`;
  const at = (line: number) => ({ file, line, column: 3 });
  return {
    ...service,
    place: at(5),
    methods: service.methods.map((method, i) => ({ ...method, place: at(6 + i * 4) })),
  };
}

/** A bot with its only process. */
export interface BotSpec extends Partial<Omit<FleetBot, "name">> {
  readonly name: string;
  /** What it serves. Default: nothing. */
  readonly serves?: readonly ServedService[];
  /** Default: none. */
  readonly address?: string;
  /** Default: `1.0.0`. */
  readonly version?: string;
  /** When its process was last heard. Default: 10 s ago, which is online. */
  readonly lastSeenAt?: number;
  readonly stoppedAt?: number;
  /** False for a bot of which no process has ever reported. Default: true. */
  readonly reports?: boolean;
  /** False for a bot whose certificate comes from elsewhere. Default: true. */
  readonly joins?: boolean;
  /** Since when it has served what it serves. Default: 100 days ago. */
  readonly servedSince?: number;
  /** When it last served without counting. Default: never. */
  readonly uncountedAt?: number;
}

/** Calls: of `caller` to a method of `bot`. */
export interface CallSpec {
  readonly bot: string;
  /** `package.Service/Method`. */
  readonly method: string;
  readonly caller: string;
  readonly actors?: readonly string[];
  readonly denial?: string;
  /** Default: 10. */
  readonly count?: number;
  /** Default: 60 days ago. */
  readonly firstAt?: number;
  /** Default: 1 hour ago. */
  readonly lastAt?: number;
}

/** What {@link fleetWith} builds from. */
export interface FleetSpec {
  readonly bots: readonly BotSpec[];
  readonly calls?: readonly CallSpec[];
  /** grants.yaml. Default: no grants. */
  readonly grants?: string;
  /** When the grants were applied. Default: 90 days ago. */
  readonly grantedAt?: number;
  /** The services of the project. Default: none is read. */
  readonly project?: readonly ServedService[] | undefined;
  readonly scan?: Scan;
  /** Default: {@link now}. */
  readonly now?: number;
}

/** The inputs of a judgment of a small fleet. Calls are counted on each day from the first to the last. */
export function fleetWith(spec: FleetSpec): AuditInputs & { readonly fleet: Fleet } {
  const { bots, calls = [], grants: yaml = "grants: {}", grantedAt = ago(90), project, scan } = spec;
  const grants = parseGrants(yaml);
  const grantVersions: GrantVersion[] = [{ version: 1, appliedAt: grantedAt, appliedBy: "operator/alice", grants }];
  const manifests = new Map(bots.map(({ serves = [] }) => [hashOf(serves), serves] as const));
  const usage = calls.map(toUsage);
  return {
    now: spec.now ?? now,
    ...(project && { project: { services: project.map(declare) } }),
    ...(spec.grants !== undefined && { grantsFile: { file: "grants.yaml", yaml, grants: locateGrants(yaml) } }),
    ...(scan && { scan }),
    fleet: {
      trustDomain: "cafe.internal",
      bots: bots.map(toBot),
      processes: bots.filter(({ reports = true }) => reports).map(toProcess),
      manifests,
      servers: bots.flatMap(toServers),
      usage,
      days: usage.flatMap(toDays),
      grants,
      grantsVersion: 1,
      grantVersions,
    },
  };
}

function toBot(spec: BotSpec): FleetBot {
  const { name, joins = true, retiredAt, revokedAt } = spec;
  return {
    name,
    joinedAt: joins ? (spec.joinedAt ?? ago(120)) : undefined,
    certificateIssuedAt: joins ? (spec.certificateIssuedAt ?? now - 600_000) : undefined,
    certificateExpiresAt: joins ? (spec.certificateExpiresAt ?? now + 3_000_000) : undefined,
    retiredAt,
    revokedAt,
  };
}

function toProcess({ name, serves = [], address, version = "1.0.0", stoppedAt, ...more }: BotSpec): FleetProcess {
  const lastSeenAt = more.lastSeenAt ?? stoppedAt ?? now - 10_000;
  return {
    bot: name,
    instance: `${name}#1`,
    version,
    manifestHash: serves.length > 0 ? hashOf(serves) : "",
    services: serves.map((service) => service.name),
    addresses: address === undefined ? [] : [address],
    startedAt: ago(40),
    lastSeenAt,
    stoppedAt,
    online: stoppedAt === undefined && now - lastSeenAt < 60_000,
  };
}

function toServers({ name, serves = [], servedSince = ago(100), uncountedAt, ...more }: BotSpec): ServerRecord[] {
  const lastAt = more.lastSeenAt ?? more.stoppedAt ?? now - 10_000;
  return serves.map((service) => ({ bot: name, service: service.name, firstAt: servedSince, lastAt, uncountedAt }));
}

function toUsage({
  actors = [],
  denial = "",
  count = 10,
  firstAt = ago(60),
  lastAt = now - 3_600_000,
  ...key
}: CallSpec): UsageSum {
  return { ...key, actors, denial, count, firstAt: Math.min(firstAt, lastAt), lastAt };
}

/** The days of a sum, the latest 400, with the calls spread over them; the last day has the rest. */
function toDays({ firstAt, lastAt, count, ...key }: UsageSum): UsageDay[] {
  const dates: string[] = [];
  for (let at = Math.max(firstAt, lastAt - 399 * day); at <= lastAt; at += day) dates.push(dateOf(at));
  if (dates.at(-1) !== dateOf(lastAt)) dates.push(dateOf(lastAt));
  const shown = dates.slice(-Math.max(1, count));
  const each = Math.floor(count / shown.length);
  return shown.map((date, i) => ({
    ...key,
    day: date,
    count: i < shown.length - 1 ? each : count - each * (shown.length - 1),
  }));
}

function dateOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

function hashOf(services: readonly ServedService[]): string {
  return createHash("sha256").update(JSON.stringify(services)).digest("hex");
}

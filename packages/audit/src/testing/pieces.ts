import type { Policy, Scope, ServedService } from "@interlock/policy";
import type { Grant } from "@interlock/policy/grants";
import type { Fleet, FleetBot, FleetProcess, ServerRecord, UsageSum } from "../inputs/fleet.js";
import type { AuditInputs } from "../inputs/inputs.js";
import type { DeclaredService } from "../inputs/project.js";
import type { ScannedPort } from "../inputs/scan.js";
import { declare, type MethodSpec, policyWith, serviceWith } from "./fleet.js";

// Parts of inputs, for tests that put them together themselves; `fleetWith` builds a whole fleet from a description.

const minute = 60_000;
const day = 86_400_000;

/** The time of the judgment. */
export const now = Date.parse("2026-06-01T12:00:00Z");

/** A time that is some milliseconds ago. */
export const ago = (ms: number) => now - ms;
export const days = (count: number) => count * day;
export const hours = (count: number) => count * 60 * minute;
export const minutes = (count: number) => count * minute;

/** A policy with scopes, or for any bot without one. */
export function policy(scopes: readonly string[], more: Partial<Policy> = {}): Policy {
  const { rate: _, ...plain } = policyWith({ scopes: scopes as readonly Scope[], anyBot: scopes.length === 0 });
  return { ...plain, dataClasses: [], ...more };
}

/** A declared service; each method on a line of its own. */
export function service(name: string, methods: Readonly<Record<string, Omit<MethodSpec, "name">>>): DeclaredService {
  const declared = declare(
    serviceWith(
      name,
      Object.keys(methods).map((method) => ({ name: method })),
    ),
  );
  return {
    ...declared,
    methods: declared.methods.map((method) => {
      const { kind = "unary", ...of } = methods[method.name] ?? {};
      return { ...method, kind, policy: policy(of.anyBot ? [] : ["a:call"], of) };
    }),
  };
}

export function bot(name: string, more: Partial<FleetBot> = {}): FleetBot {
  return {
    name,
    joinedAt: ago(days(90)),
    certificateIssuedAt: ago(minutes(20)),
    certificateExpiresAt: now + minutes(40),
    ...more,
  };
}

/** A process that is online and serves nothing. */
export function process(of: string, more: Partial<FleetProcess> = {}): FleetProcess {
  return {
    bot: of,
    instance: "a1",
    version: "1.0.0",
    manifestHash: `hash-of-${of.split("/")[0]}`,
    services: [],
    addresses: [],
    startedAt: ago(days(10)),
    lastSeenAt: ago(5_000),
    online: true,
    ...more,
  };
}

/** Ten admitted calls, the last one half an hour ago; those of `cafe.coffee.v1.…` at `coffee/1`. */
export function usage(method: string, caller: string, more: Partial<UsageSum> = {}): UsageSum {
  return {
    bot: `${method.split(".")[1]}/1`,
    method,
    caller,
    actors: [],
    denial: "",
    count: 10,
    firstAt: ago(days(60)),
    lastAt: ago(minutes(30)),
    ...more,
  };
}

/** A process of a day that serves services at one address. */
export function serving(of: string, services: readonly string[], more: Partial<FleetProcess> = {}): FleetProcess {
  return process(of, {
    manifestHash: services.join(" "),
    services,
    addresses: [`10.0.0.1:${50_000 + of.length}`],
    startedAt: ago(days(1)),
    ...more,
  });
}

export function serverRecord(of: string, name: string, more: Partial<ServerRecord> = {}): ServerRecord {
  return { bot: of, service: name, firstAt: ago(days(80)), lastAt: ago(5_000), ...more };
}

/** A port of a bot in order: TLS 1.3, client certificates demanded and verified. */
export function port(address: string, spiffeName: string | undefined, more: Partial<ScannedPort> = {}): ScannedPort {
  return {
    address,
    protocol: "grpc",
    tls: {
      versions: ["TLSv1.3"],
      demandsClientCertificate: "yes",
      acceptsForeignCertificate: "no",
      certificate: {
        ...(spiffeName !== undefined && { spiffeId: `spiffe://cafe/${spiffeName}` }),
        names: [],
        issuedAt: ago(minutes(20)),
        expiresAt: now + minutes(40),
        isOfFleet: true,
      },
    },
    answersWithoutToken: "no",
    open: [],
    services: [],
    sentences: ["It shows the name of a bot."],
    ...more,
  };
}

/** A grant. */
export function grant(identity: string, name: string, scope: Scope = "a:call"): Grant {
  return { identity, service: name, scope };
}

/** Inputs with a fleet, whose processes serve the given services. Bots that have processes have joined, unless bots are given. */
export function inputsOf(fleet: Partial<Fleet>, services: readonly ServedService[] = []): AuditInputs {
  const processes = fleet.processes ?? [];
  const serve = (names: readonly string[]) => services.filter(({ name }) => names.includes(name));
  const manifests = processes
    .filter(({ manifestHash }) => manifestHash !== "")
    .map((one) => [one.manifestHash, serve(one.services)] as const);
  return {
    now,
    fleet: {
      trustDomain: "cafe",
      bots: [...new Set(processes.map(({ bot }) => bot))].map((name) => ({ name, joinedAt: ago(days(9)) })),
      processes,
      manifests: new Map(manifests),
      servers: [],
      usage: [],
      days: [],
      grants: [],
      grantsVersion: 1,
      grantVersions: [],
      ...fleet,
    },
  };
}

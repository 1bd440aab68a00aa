import { isPastSunset } from "../ended.js";
import { isInterlock } from "../facts/names.js";
import type { AuditInputs } from "../inputs/inputs.js";
import { isGrpcs } from "../own-services.js";
import { isFundamental, type KnownMethod, knownMethods } from "./known-methods.js";
import { defaultQuietMs } from "./plan-retirement.js";
import { type RetireSubject, subjectText } from "./subject.js";

/** What has to go, and what could not be judged. */
export interface Due {
  /** In the order in which it goes: methods and services before the bots that serve only such. */
  readonly subjects: readonly RetireSubject[];
  /** What stays that one could expect to go, each in a sentence. */
  readonly kept: readonly string[];
  /** What could not be judged, each in a sentence. */
  readonly unknown: readonly string[];
}

/**
 * Finds all that is past its sunset: methods, services all of whose methods are, and bots that serve only such services. A
 * bot that still calls others stays. As a project declares a method, so it is judged; otherwise every process that serves it has
 * to say so in its manifest, since any bot can report any service.
 */
export function findDue(inputs: AuditInputs, windowMs = defaultQuietMs): Due {
  const { now, fleet } = inputs;
  const known = knownMethods(inputs);
  const unproven = servedWithoutManifest(inputs);
  const isPast = ({ policy, service }: KnownMethod) => isPastSunset(policy, now) && !unproven.has(service);
  const services = [...known]
    .filter(([, methods]) => methods.length > 0 && methods.every(isPast))
    .map(([name]) => name);
  const methods = [...known.values()].flat().filter((method) => isPast(method) && !services.includes(method.service));
  const past = new Set(
    [...known.values()]
      .flat()
      .filter(isPast)
      .map(({ name }) => name),
  );
  const [bots, kept, unknown]: [string[], string[], string[]] = [[], [], []];
  for (const [bot, served] of servedBy(inputs)) {
    const unjudged = served.filter((service) => !known.has(service) || unproven.get(service)?.has(bot));
    if (unjudged.length > 0) unknown.push(`${bot} serves ${unjudged.join(", ")}, of which no manifest is known.`);
    if (!served.every((service) => services.includes(service))) continue;
    const calls = fleet?.usage.find(
      ({ caller, method, denial, lastAt }) =>
        caller === bot && denial === "" && lastAt >= now - windowMs && !past.has(method) && !isFundamental(method),
    );
    if (calls) kept.push(`${bot} serves only what is past its sunset, but it calls ${calls.method} of ${calls.bot}.`);
    else bots.push(bot);
  }
  const subjects: RetireSubject[] = [
    ...methods.map(({ name }) => ({ kind: "method" as const, name })),
    ...services.map((name) => ({ kind: "service" as const, name })),
    ...bots.map((name) => ({ kind: "bot" as const, name })),
  ];
  return { subjects: subjects.sort(byKind), kept, unknown };
}

/** The services that no project declares, and that bots serve without a manifest that has them, with those bots. */
function servedWithoutManifest({ project, fleet }: AuditInputs): ReadonlyMap<string, ReadonlySet<string>> {
  const declared = new Set(project?.services.map(({ name }) => name));
  const found = new Map<string, Set<string>>();
  for (const { bot, services, manifestHash, stoppedAt } of fleet?.processes ?? []) {
    if (stoppedAt !== undefined) continue;
    const shown = new Set(fleet?.manifests.get(manifestHash)?.map(({ name }) => name));
    for (const service of services) {
      if (declared.has(service) || shown.has(service)) continue;
      found.set(service, (found.get(service) ?? new Set()).add(bot));
    }
  }
  return found;
}

/** The services of each bot whose processes are on record and have not said that they end, without those of gRPC. */
function servedBy({ fleet }: AuditInputs): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, Set<string>>();
  for (const { bot, services, stoppedAt } of fleet?.processes ?? []) {
    if (stoppedAt !== undefined || isInterlock(bot)) continue;
    const own = services.filter((service) => !isGrpcs(service));
    if (own.length > 0) found.set(bot, new Set([...(found.get(bot) ?? []), ...own]));
  }
  return new Map([...found].map(([bot, services]) => [bot, [...services].sort()]));
}

const kinds = ["method", "service", "bot"];

function byKind(a: RetireSubject, b: RetireSubject): number {
  return kinds.indexOf(a.kind) - kinds.indexOf(b.kind) || (subjectText(a) < subjectText(b) ? -1 : 1);
}

import type { AuditInputs } from "../inputs/inputs.js";
import { isGrpcs } from "../own-services.js";
import { knownMethods } from "./known-methods.js";
import { liveCallers } from "./live-callers.js";
import type { Outside } from "./outside.js";
import { planSteps } from "./plan-steps.js";
import type { RetirementPlan } from "./retirement-plan.js";
import { spentGrants } from "./spent-grants.js";
import { type RetireSubject, serviceOf } from "./subject.js";
import { findTargets } from "./targets.js";

/** What a plan rests on besides the inputs. */
export interface PlanOptions {
  /** How far back a call makes a caller live, in milliseconds. Default: 24 hours. */
  readonly windowMs?: number | undefined;
  /** The steps outside that are configured. Default: none. */
  readonly outside?: Outside | undefined;
  /** Further addresses, `host:port`, that nobody has reported. */
  readonly addresses?: readonly string[] | undefined;
}

/** How far back a call makes a caller live, in milliseconds. */
export const defaultQuietMs = 24 * 3_600_000;

/** Plans the retirement of a bot, a method or a service. Pure: it changes nothing, and asks nobody. */
export function planRetirement(inputs: AuditInputs, subject: RetireSubject, options: PlanOptions = {}): RetirementPlan {
  const { windowMs = defaultQuietMs, outside = {}, addresses = [] } = options;
  const { now, fleet, grantsFile } = inputs;
  const known = knownMethods(inputs);
  const services = servicesOf(inputs, subject);
  const all = services.flatMap((service) => known.get(service) ?? []);
  const methods = subject.kind === "method" ? all.filter(({ name }) => name === subject.name) : all;
  const bot = fleet?.bots.find(({ name }) => subject.kind === "bot" && name === subject.name);
  const server = subject.kind === "bot" ? subject.name : undefined;
  const gone = fleet?.retiredMethods ?? [];
  const base = {
    subject,
    at: now,
    known: subject.kind === "bot" ? bot !== undefined : methods.length > 0 || isServed(inputs, subject),
    joined: bot?.joinedAt !== undefined,
    methods,
    services,
    ...liveCallers(inputs, { methods, services, every: subject.kind !== "method", server, windowMs }),
    ...spentGrants(fleet?.grants ?? [], subject, known, gone),
    removedFromFile: spentGrants(grantsFile?.grants ?? [], subject, known, gone).removed,
    ...findTargets(inputs, subject, methods, addresses),
  };
  return { ...base, steps: planSteps(base, { outside, grantsFile: grantsFile?.file }) };
}

/** The services that a bot has reported; the one of a method or a service. */
function servicesOf({ fleet }: AuditInputs, { kind, name }: RetireSubject): readonly string[] {
  if (kind === "service") return [name];
  if (kind === "method") return [serviceOf(name)];
  const own = (fleet?.processes ?? []).filter(({ bot }) => bot === name);
  return [...new Set(own.flatMap(({ services }) => services))].filter((service) => !isGrpcs(service)).sort();
}

function isServed({ fleet }: AuditInputs, { kind, name }: RetireSubject): boolean {
  return kind === "service" && (fleet?.processes ?? []).some(({ services }) => services.includes(name));
}

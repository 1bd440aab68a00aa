import {
  type DescExtension,
  type DescMethod,
  type DescService,
  getOption,
  hasOption,
  toJson,
} from "@bufbuild/protobuf";
import type { Approval, ManifestService, Policy } from "@interlock/policy";

/** `interlock.policy.v1.Access` as JSON, with all defaults filled in. */
interface AccessJson extends Omit<Policy, "risk" | "dataClasses" | "rate" | "deprecation" | "worstCase" | "approval"> {
  readonly risk: string;
  readonly dataClasses: readonly string[];
  readonly rate?: { readonly perSecond: number | string; readonly burst: number };
  readonly deprecation?: { readonly since: string; readonly sunset: string; readonly replacement: string };
  readonly worstCase: string;
  readonly approval: string;
}

/** A name that is not here is one of a later release, which the gate refuses. */
const approvalsByName: Readonly<Record<string, Approval>> = {
  APPROVAL_DELEGATED: "delegated",
  APPROVAL_EVERY_CALL: "everyCall",
};

type ServiceFacts = Pick<ManifestService, "owner" | "description" | "servedBy" | "via">;

/**
 * Reads a method's `(interlock.policy.v1.access)`; `undefined` if it has none. It checks nothing. A method that proto calls
 * deprecated, itself or with its service, is deprecated in the policy, too: without a day, unless the policy has one.
 */
export function readPolicy(method: DescMethod, access: DescExtension | undefined): Policy | undefined {
  const json = readOption(method, access) as AccessJson | undefined;
  if (json === undefined) return undefined;
  const { scopes, anyBot, purpose, callers, rate, worstCase } = json;
  const approval = approvalsByName[json.approval] ?? json.approval;
  const deprecation = json.deprecation
    ? { since: json.deprecation.since, ...withoutEmpty(json.deprecation) }
    : method.deprecated || method.parent.deprecated
      ? {}
      : undefined;
  return {
    scopes,
    anyBot,
    purpose,
    risk: (json.risk === "RISK_UNSPECIFIED" ? "medium" : lowerCase(json.risk, "RISK_")) as Policy["risk"],
    dataClasses: json.dataClasses
      .filter((name) => name !== "DATA_CLASS_UNSPECIFIED")
      .map((name) => lowerCase(name, "DATA_CLASS_")) as Policy["dataClasses"][number][],
    callers,
    ...(rate && { rate: readRate(rate) }),
    ...(deprecation && { deprecation }),
    ...(worstCase.trim() !== "" && { worstCase }),
    ...(approval !== "APPROVAL_UNSPECIFIED" && { approval: approval as Approval }),
  };
}

/** Reads a service's `(interlock.policy.v1.service)`; without that option all facts are empty. */
export function readServiceFacts(service: DescService, option: DescExtension | undefined): ServiceFacts {
  const json = readOption(service, option) as Required<ServiceFacts> | undefined;
  if (json === undefined) return { servedBy: [] };
  const { servedBy, via, owner, description } = json;
  return { ...withoutEmpty({ owner, description }), servedBy, ...(via.length > 0 && { via }) };
}

function readOption(desc: DescMethod | DescService, option: DescExtension | undefined): unknown {
  if (option?.message === undefined || !hasOption(desc, option)) return undefined;
  // The registry does not know the message's TypeScript type, hence the cast.
  return toJson(option.message, getOption(desc, option) as never, { alwaysEmitImplicit: true });
}

function readRate(rate: NonNullable<AccessJson["rate"]>): NonNullable<Policy["rate"]> {
  // JSON writes infinity and not-a-number as strings.
  const perSecond = Number(rate.perSecond);
  return { perSecond, burst: rate.burst || Math.max(1, Math.ceil(perSecond)) };
}

function lowerCase(name: string, prefix: string): string {
  return name.slice(name.startsWith(prefix) ? prefix.length : 0).toLowerCase();
}

function withoutEmpty<T extends Record<string, string>>(strings: T): Partial<T> {
  return Object.fromEntries(Object.entries(strings).filter(([, text]) => text !== "")) as Partial<T>;
}

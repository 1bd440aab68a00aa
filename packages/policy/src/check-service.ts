import { isFederatedPattern, isIdentityPattern } from "./identity-pattern.js";
import { approvals, type Policy, risks } from "./policy.js";
import { isScope } from "./scope.js";
import type { MethodKind, ServiceDefinition } from "./service.js";

/**
 * Finds the faults of a policy. Generator and server both use these rules.
 *
 * @param policy - The policy of one method; `undefined` when it has none, which is a fault.
 * @returns The faults, in words; empty for a sound policy.
 */
export function policyFaults(policy: Policy | undefined): string[] {
  if (policy === undefined || typeof policy !== "object") {
    return ["has no access policy: add option (interlock.policy.v1.access)"];
  }
  const faults: string[] = [];
  if (!policy.anyBot && !policy.scopes?.length) {
    faults.push('has neither scopes nor any_bot: write scopes: ["resource:action"] or any_bot: true');
  }
  if (policy.anyBot && policy.scopes?.length) faults.push("has both scopes and any_bot: keep one of them");
  for (const scope of policy.scopes ?? []) {
    if (!isScope(scope)) faults.push(`has the scope "${scope}", which is not resource:action in lower case`);
  }
  if (!policy.purpose?.trim()) faults.push("has an empty purpose: write in one sentence what it is for");
  if (!risks.includes(policy.risk)) faults.push(`has the unknown risk "${policy.risk}"`);
  for (const caller of policy.callers ?? []) {
    if (!isIdentityPattern(caller) && !isFederatedPattern(caller))
      faults.push(`has the caller "${caller}", which is not an identity pattern`);
  }
  if (policy.anyBot && policy.callers?.some((caller) => isFederatedPattern(caller)))
    faults.push("has any_bot and callers of another trust domain: write scopes, because those come with tokens only");
  if (policy.rate && !(policy.rate.perSecond > 0 && Number.isFinite(policy.rate.perSecond) && policy.rate.burst >= 1)) {
    faults.push("has a rate that is not above zero: set per_second");
  }
  if (policy.approval !== undefined && !approvals.includes(policy.approval))
    faults.push(`has the unknown approval "${policy.approval}"`);
  if (policy.approval !== undefined && policy.anyBot)
    faults.push("has an approval and any_bot: write scopes, because approvals come with tokens");
  const { since, sunset } = policy.deprecation ?? {};
  if (since !== undefined && !isDay(since))
    faults.push(`is deprecated since "${since}", which is not a date (YYYY-MM-DD)`);
  if (sunset !== undefined && !isDay(sunset))
    faults.push(`has the sunset "${sunset}", which is not a date (YYYY-MM-DD)`);
  // Days compare as text.
  if (since !== undefined && sunset !== undefined && isDay(since) && isDay(sunset) && sunset < since)
    faults.push(`has the sunset ${sunset}, before its deprecation on ${since}`);
  return faults;
}

/**
 * Finds the fault of an approval at a method of some kind: an operator can look at one message, and at no stream of them.
 *
 * @param policy - The policy of the method.
 * @param kind - The kind of the method.
 * @returns The fault, in words; `undefined` when there is none.
 */
export function approvalFault(policy: Pick<Policy, "approval"> | undefined, kind: MethodKind): string | undefined {
  const takesStream = kind === "clientStreaming" || kind === "bidiStreaming";
  if (policy?.approval === undefined || !takesStream) return undefined;
  return "has an approval and takes a stream: an operator can approve one message only";
}

/**
 * Finds the faults of a service definition.
 *
 * @param service - The definition.
 * @returns The faults, in words, each with its method; empty for a sound definition.
 */
export function serviceFaults(service: ServiceDefinition): string[] {
  const faults = Object.entries(service.methods).flatMap(([key, { path, policy, kind }]) => [
    ...[...policyFaults(policy), approvalFault(policy, kind) ?? []]
      .flat()
      .map((fault) => `${path ?? `${service.name}/${key}`} ${fault}`),
    // Tokens are for a service by its name. A method with the path of another service would accept that service's
    // tokens.
    ...(path?.startsWith(`/${service.name}/`)
      ? []
      : [`${service.name}/${key} has the path "${path}" of another service`]),
  ]);
  for (const pattern of service.servedBy ?? []) {
    if (!isIdentityPattern(pattern))
      faults.push(`${service.name} has served_by "${pattern}", which is not an identity pattern`);
  }
  for (const pattern of service.via ?? []) {
    if (!isIdentityPattern(pattern))
      faults.push(`${service.name} has via "${pattern}", which is not an identity pattern`);
  }
  return faults;
}

function isDay(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

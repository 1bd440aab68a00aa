import { coversIdentity, isFederatedName, type Policy, type Rate, risks } from "@interlock/policy";

/** A difference between two policies of one method. */
export interface PolicyChange {
  /** `loosened`: more callers, more calls, or a lower risk are stated; `tightened`: fewer. */
  readonly direction: "loosened" | "tightened" | "changed";
  /** What has changed, in one sentence without a subject, for example `does not need gripper:observe`. */
  readonly text: string;
}

/**
 * Compares two policies of one method.
 *
 * @returns The changes in words, the loosened ones first.
 */
export function comparePolicies(before: Policy, after: Policy): PolicyChange[] {
  const changes = [
    ...compareAccess(before, after),
    ...compareCallers(before.callers, after.callers),
    ...compareRisk(before, after),
    ...compareRate(before.rate, after.rate),
    ...compareDeprecation(before, after),
    ...compareApproval(before.approval, after.approval),
    ...compareTexts(before, after),
  ];
  const order = ["loosened", "tightened", "changed"];
  return changes.sort((a, b) => order.indexOf(a.direction) - order.indexOf(b.direction));
}

const loosened = (text: string): PolicyChange => ({ direction: "loosened", text });
const tightened = (text: string): PolicyChange => ({ direction: "tightened", text });
const changed = (text: string): PolicyChange => ({ direction: "changed", text });

function compareAccess(before: Policy, after: Policy): PolicyChange[] {
  if (after.anyBot && !before.anyBot)
    return [loosened(`takes any bot without a token, instead of needing ${before.scopes.join(", ")}`)];
  if (before.anyBot && !after.anyBot)
    return [tightened(`needs ${after.scopes.join(", ")}, instead of taking any bot without a token`)];
  return [
    ...without(before.scopes, after.scopes).map((scope) => loosened(`does not need ${scope}`)),
    ...without(after.scopes, before.scopes).map((scope) => tightened(`needs ${scope}, too`)),
  ];
}

function compareCallers(before: readonly string[], after: readonly string[]): PolicyChange[] {
  if (before.length === 0 && after.length === 0) return [];
  if (after.length === 0) return [loosened(`takes any caller, instead of only ${before.join(", ")}`)];
  if (before.length === 0) {
    // Any caller is any bot of the own trust domain.
    const foreign = after.filter(isFederatedName).map((caller) => loosened(`takes ${caller} of another trust domain`));
    return [...foreign, tightened(`takes only ${after.join(", ")}, instead of any caller`)];
  }
  const beyond = (some: readonly string[], others: readonly string[]) =>
    some.filter((one) => !others.some((other) => coversIdentity(other, one)));
  return [
    ...beyond(after, before).map((caller) => loosened(`takes ${caller}, too`)),
    ...beyond(before, after).map((caller) => tightened(`does not take ${caller}`)),
  ];
}

function compareRisk(before: Policy, after: Policy): PolicyChange[] {
  const by = risks.indexOf(after.risk) - risks.indexOf(before.risk);
  const text = `states a ${after.risk} risk, instead of a ${before.risk} one`;
  if (by !== 0) return [by < 0 ? loosened(text) : tightened(text)];
  return [];
}

function compareRate(before: Rate | undefined, after: Rate | undefined): PolicyChange[] {
  if (!before && !after) return [];
  if (!after) return [loosened(`has no rate, instead of ${rateText(before)}`)];
  if (!before) return [tightened(`has a rate of ${rateText(after)}`)];
  const text = `has a rate of ${rateText(after)}, instead of ${rateText(before)}`;
  if (after.perSecond > before.perSecond || after.burst > before.burst) return [loosened(text)];
  return after.perSecond < before.perSecond || after.burst < before.burst ? [tightened(text)] : [];
}

function compareDeprecation(before: Policy, after: Policy): PolicyChange[] {
  const [was, is] = [before.deprecation, after.deprecation];
  if (was && !is) return [loosened("is not deprecated")];
  if (!is || (was?.sunset === is.sunset && was?.since === is.since && was?.replacement === is.replacement)) return [];
  if (!was) return [tightened(`is deprecated since ${is.since}${is.sunset ? `, with the sunset ${is.sunset}` : ""}`)];
  if (was.sunset === is.sunset) return [changed("states another deprecation")];
  const text = `has ${is.sunset ? `the sunset ${is.sunset}` : "no sunset"}, instead of ${was.sunset ?? "none"}`;
  const isLater = is.sunset === undefined || (was.sunset !== undefined && is.sunset > was.sunset);
  return [isLater ? loosened(text) : tightened(text)];
}

function compareApproval(before: Policy["approval"], after: Policy["approval"]): PolicyChange[] {
  if (before === after) return [];
  const text = `waits for an operator with ${approvalText(after)}, instead of ${approvalText(before)}`;
  return [after === "everyCall" || before === undefined ? tightened(text) : loosened(text)];
}

function approvalText(approval: Policy["approval"]): string {
  if (approval === undefined) return "no call";
  return approval === "everyCall" ? "every call" : "calls under a delegation";
}

function compareTexts(before: Policy, after: Policy): PolicyChange[] {
  const classes = (policy: Policy) => [...policy.dataClasses].sort().join(", ") || "no data";
  return [
    ...(classes(before) === classes(after) ? [] : [changed(`states ${classes(after)}, instead of ${classes(before)}`)]),
    ...(before.purpose === after.purpose ? [] : [changed("states another purpose")]),
    ...(before.worstCase === after.worstCase ? [] : [changed("states another worst case")]),
  ];
}

function without<T>(list: readonly T[], others: readonly T[]): T[] {
  return list.filter((item) => !others.includes(item));
}

function rateText(rate: Rate | undefined): string {
  return rate ? `${rate.perSecond} a second, ${rate.burst} at once` : "none";
}

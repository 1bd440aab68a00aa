import { groupBy } from "../group-by.js";
import type { Fleet, UsageSum } from "../inputs/fleet.js";

/** The path by which a scan of this fleet calls, so that its denials can be told from others. */
export const scanPathPrefix = "interlock.scan.";

/** The calls that were admitted. */
export function admitted(fleet: Fleet): UsageSum[] {
  return fleet.usage.filter(({ denial, method }) => denial === "" && method !== "");
}

/** A method of usage without a leading slash: `package.Service/Method`. */
export function methodName(method: string): string {
  return method.startsWith("/") ? method.slice(1) : method;
}

/** The service of a method of usage. */
export function serviceName(method: string): string {
  const name = methodName(method);
  const slash = name.indexOf("/");
  return slash < 0 ? name : name.slice(0, slash);
}

/** The latest admitted calls of a method: when, and by which callers since a time. */
export interface LatestCalls {
  readonly lastAt: number;
  readonly callers: ReadonlySet<string>;
}

/** The admitted calls of each method. */
export function admittedByMethod(fleet: Fleet): Map<string, UsageSum[]> {
  return groupBy(admitted(fleet), ({ method }) => methodName(method));
}

/** Sums up the calls of one method: by which callers since `since`. */
export function latestCalls(calls: readonly UsageSum[], since: number): LatestCalls {
  return {
    lastAt: calls.reduce((latest, { lastAt }) => Math.max(latest, lastAt), 0),
    callers: new Set(calls.filter(({ lastAt }) => lastAt >= since).map(({ caller }) => caller)),
  };
}

/** The latest admitted calls of each method, with the callers since `since`. */
export function callsByMethod(fleet: Fleet, since: number): Map<string, LatestCalls> {
  return new Map([...admittedByMethod(fleet)].map(([method, calls]) => [method, latestCalls(calls, since)]));
}

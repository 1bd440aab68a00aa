import { groupBy } from "../group-by.js";
import type { UsageSum } from "../inputs/fleet.js";
import { compareText } from "../text.js";
import type { Caller } from "./inventory.js";

/** The calls of one method. */
export interface MethodCalls {
  readonly callers: readonly Caller[];
  readonly calls: number;
  readonly denials: number;
  readonly firstAt?: number | undefined;
  readonly lastAt?: number | undefined;
}

const none: MethodCalls = { callers: [], calls: 0, denials: 0 };

/** Sums the usage by method. Returns a function from `package.Service/Method` to its calls. */
export function collectCallers(usage: readonly UsageSum[]): (method: string) => MethodCalls {
  const rows = groupBy(usage, ({ method }) => method.replace(/^\//, ""));
  return (method) => {
    const found = rows.get(method);
    return found ? sum(found) : none;
  };
}

function sum(rows: readonly UsageSum[]): MethodCalls {
  const admitted = rows.filter(({ denial }) => denial === "");
  const byCaller = groupBy(admitted, ({ caller, actors }) => [caller, ...actors].join(" "));
  const callers = [...byCaller.values()].map((same): Caller => {
    const [{ caller, actors }] = same as [UsageSum];
    return { bot: caller, actors, calls: total(same), ...firstAndLast(same) };
  });
  callers.sort((a, b) => b.lastAt - a.lastAt || compareText(a.bot, b.bot));
  return {
    callers,
    calls: total(admitted),
    denials: total(rows) - total(admitted),
    ...(callers.length > 0 && firstAndLast(admitted)),
  };
}

function total(rows: readonly UsageSum[]): number {
  return rows.reduce((sum, { count }) => sum + count, 0);
}

function firstAndLast(rows: readonly UsageSum[]): { firstAt: number; lastAt: number } {
  let [firstAt, lastAt] = [Number.POSITIVE_INFINITY, 0];
  for (const row of rows) {
    firstAt = Math.min(firstAt, row.firstAt);
    lastAt = Math.max(lastAt, row.lastAt);
  }
  return { firstAt, lastAt };
}

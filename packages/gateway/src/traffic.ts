import type { Denial, Unsubscribe } from "@interlock/bot";
import { codeNames } from "@interlock/bot/internal";
import { parseSpiffeId } from "@interlock/policy";
import type { PassedCall } from "./access-log.js";

/** The calls of one bot to one method that had one end, in one interval. */
export interface Flow {
  readonly caller: string;
  readonly via: readonly string[];
  readonly method: string;
  readonly code: string;
  readonly reason: string;
  count: number;
  requestBytes: bigint;
  responseBytes: bigint;
  totalMs: number;
  longestMs: number;
}

/** The flows of one interval, the most frequent first, and how many calls are in none of them. */
export interface Interval {
  readonly flows: readonly Flow[];
  readonly leftOut: number;
}

/** The most flows of one interval. */
export const maximumFlows = 1_000;

/** Takes each interval. */
export type Watch = (interval: Interval) => void;

/** What passes through a gateway, added up for those who watch. While nobody watches, nothing is kept. */
export interface Traffic {
  passed(call: PassedCall): void;
  denied(denial: Denial): void;
  /** Watches from now on, once in each interval. */
  watch(watch: Watch): Unsubscribe;
}

/** How long an interval is, in milliseconds. */
export const intervalMs = 1_000;

/** Makes it. `every` calls its function in each interval until it is ended; for tests. */
export function createTraffic(every: (tick: () => void) => () => void = eachInterval): Traffic {
  const watches = new Set<Watch>();
  let flows = new Map<string, Flow>();
  let leftOut = 0;
  let stop: (() => void) | undefined;

  function tick(): void {
    const interval = { flows: [...flows.values()].sort((a, b) => b.count - a.count), leftOut };
    flows = new Map();
    leftOut = 0;
    for (const watch of watches) watch(interval);
  }

  function flowOf(row: Pick<Flow, "caller" | "via" | "method" | "code" | "reason">): Flow | undefined {
    const { caller, via, method, code, reason } = row;
    const key = [caller, ...via, method, code, reason].join(" ");
    const known = flows.get(key);
    if (known) return known;
    if (flows.size >= maximumFlows) {
      leftOut++;
      return undefined;
    }
    const flow = { ...row, count: 0, requestBytes: 0n, responseBytes: 0n, totalMs: 0, longestMs: 0 };
    flows.set(key, flow);
    return flow;
  }

  return {
    passed({ caller, method, code, requestBytes, responseBytes, ms }) {
      if (watches.size === 0) return;
      const via = caller.actors.map(({ name }) => name);
      const name = codeNames[code] ?? String(code);
      const flow = flowOf({ caller: caller.name, via, method: method.slice(1), code: name, reason: "" });
      if (!flow) return;
      flow.count++;
      flow.requestBytes += BigInt(requestBytes);
      flow.responseBytes += BigInt(responseBytes);
      flow.totalMs += ms;
      flow.longestMs = Math.max(flow.longestMs, ms);
    },
    denied({ caller, actors = [], method, reason }) {
      if (watches.size === 0) return;
      const via = actors.map(({ name }) => name);
      const flow = flowOf({
        caller: parseSpiffeId(caller)?.name ?? "",
        via,
        method: method.slice(1),
        code: "",
        reason,
      });
      if (flow) flow.count++;
    },
    watch(watch) {
      if (watches.size === 0) stop = every(tick);
      watches.add(watch);
      return () => {
        watches.delete(watch);
        if (watches.size > 0) return;
        stop?.();
        stop = undefined;
        flows = new Map();
      };
    },
  };
}

function eachInterval(tick: () => void): () => void {
  const timer = setInterval(tick, intervalMs).unref();
  return () => clearInterval(timer);
}

import { countPorts } from "./port-ranges.js";
import type { ScanHost } from "./target.js";

/** An address and a port of it. */
export interface Pair {
  readonly host: ScanHost;
  readonly port: number;
}

/** The next pair; `undefined` at the end, and ever after. */
export type NextPair = () => Pair | undefined;

/** How many pairs one of several readers takes at a time. */
const blockSize = 512;

/**
 * Every pair of `hosts`, of which each is given out once.
 *
 * @param shared - Its first number counts the blocks that have been given out, so that several threads share the pairs.
 * Default: not shared.
 */
export function walk(hosts: readonly ScanHost[], shared: Int32Array<ArrayBufferLike> = new Int32Array(1)): NextPair {
  const spans = toSpans(hosts);
  const total = spans.reduce((sum, { count }) => sum + count, 0);
  let index = 0;
  let end = 0;
  let span = 0;
  return () => {
    if (index === end) {
      index = Math.min(total, Atomics.add(shared, 0, 1) * blockSize);
      end = Math.min(total, index + blockSize);
    }
    if (index === end) return undefined;
    for (;;) {
      const { host, from, start, count } = spans[span] as Span;
      if (index < start + count) return { host, port: from + index++ - start };
      span++;
    }
  };
}

/** A range of ports of one host, from `start` among all pairs. */
interface Span {
  readonly host: ScanHost;
  readonly from: number;
  readonly start: number;
  readonly count: number;
}

function toSpans(hosts: readonly ScanHost[]): Span[] {
  let start = 0;
  return hosts.flatMap((host) =>
    host.ports.map((range) => {
      const count = countPorts([range]);
      start += count;
      return { host, from: range.from, start: start - count, count };
    }),
  );
}

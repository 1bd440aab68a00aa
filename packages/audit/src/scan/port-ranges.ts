import type { PortRange } from "./target.js";

/** Every port. */
export const allPorts: readonly PortRange[] = [{ from: 1, to: 65_535 }];

/** How many ports there are in `ranges`, which do not overlap. */
export function countPorts(ranges: readonly PortRange[]): number {
  return ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0);
}

/** Puts ranges in order, and joins those that overlap or touch. */
export function joinRanges(ranges: readonly PortRange[]): PortRange[] {
  const joined: PortRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.from - b.from)) {
    const last = joined.at(-1);
    if (last && range.from <= last.to + 1) joined[joined.length - 1] = { ...last, to: Math.max(last.to, range.to) };
    else joined.push(range);
  }
  return joined;
}

/**
 * Reads ports: numbers and ranges, divided by commas, for example `22,50051-50060`.
 *
 * @returns In order, without overlap; `undefined` for a text that is no list of ports.
 */
export function readPorts(text: string): PortRange[] | undefined {
  const ranges: PortRange[] = [];
  for (const part of text.split(",")) {
    const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part) ?? [];
    const [from, to] = [Number(first), Number(last)];
    if (!(from >= 1 && from <= to && to <= 65_535)) return undefined;
    ranges.push({ from, to });
  }
  return joinRanges(ranges);
}

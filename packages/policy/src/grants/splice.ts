import { isMap, isPair, isSeq, type Pair, type ParsedNode } from "yaml";

/** A part of a text with what replaces it. */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A part of a text. */
export type Span = Omit<Splice, "text">;

/** A map or a list of a parsed document. */
export interface Collection {
  /** Whether it is written within brackets. */
  readonly flow?: boolean;
  readonly items: readonly unknown[];
}

/** Thrown for YAML that is correct, but written in a way that is not edited as text. */
export class OddlyWritten extends Error {}

/** Replaces parts of a text that do not overlap. */
export function applySplices(text: string, splices: readonly Splice[]): string {
  const parts: string[] = [];
  let at = 0;
  for (const { start, end, text: part } of [...splices].sort((a, b) => a.start - b.start || a.end - b.end)) {
    if (start < at) throw new OddlyWritten();
    parts.push(text.slice(at, start), part);
    at = end;
  }
  return parts.join("") + text.slice(at);
}

/** The place of an entry: in a block whole lines with their line feeds, within brackets from its key to its last character. */
export function spanOf(yaml: string, collection: Collection, item: unknown): Span {
  const { start, end } = extentOf(item);
  if (collection.flow) return { start, end };
  const lineStart = yaml.lastIndexOf("\n", start - 1) + 1;
  const lead = yaml.slice(lineStart, start);
  if (!(isMap(collection) ? /^ *$/ : /^ *- +$/).test(lead)) throw new OddlyWritten();
  return { start: lineStart, end: endOfLine(yaml, end) };
}

/** Cuts entries out of a map or a list; some have to stay. */
export function cutItems(yaml: string, collection: Collection, gone: ReadonlySet<number>): Splice[] {
  const { items } = collection;
  const lost = items.filter((_, i) => gone.has(i));
  if (lost.length === 0) return [];
  if (!collection.flow) return lost.map((item) => ({ ...spanOf(yaml, collection, item), text: "" }));
  const [first, last] = [extentOf(items[0]), extentOf(items.at(-1))];
  if (!yaml.slice(first.start, last.end).includes("\n")) return cutRuns(items.map(extentOf), gone);
  // Over several lines: each that goes must have lines of its own, with its comma.
  return lost.map((item) => {
    const { start, end } = extentOf(item);
    const lineStart = yaml.lastIndexOf("\n", start - 1) + 1;
    if (yaml.slice(lineStart, start).trim() !== "") throw new OddlyWritten();
    const comma = /^[ \t]*,/.exec(yaml.slice(end, end + 80))?.[0].length ?? 0;
    return { start: lineStart, end: endOfLine(yaml, end + comma), text: "" };
  });
}

/** Cuts entries that stand in one line, each with the comma after it; the last ones with the comma before them. */
function cutRuns(extents: readonly Span[], gone: ReadonlySet<number>): Splice[] {
  const kept = extents.flatMap((_, i) => (gone.has(i) ? [] : [i]));
  const cuts: Splice[] = [];
  let from = 0;
  for (const i of kept) {
    if (i > from) cuts.push({ start: extents[from]?.start ?? 0, end: extents[i]?.start ?? 0, text: "" });
    from = i + 1;
  }
  const [lastKept, last] = [extents[from - 1], extents.at(-1)];
  if (from < extents.length && lastKept && last) cuts.push({ start: lastKept.end, end: last.end, text: "" });
  return cuts;
}

/** The text of a span. */
export function sourceOf(yaml: string, { start, end }: Span): string {
  return yaml.slice(start, end);
}

/** From the first character of an entry to its last one, without what follows: comments, commas, line feeds. */
function extentOf(item: unknown): Span {
  if (isPair(item)) return { start: extentOf(item.key).start, end: endOf(item) };
  return { start: rangeOf(item).start, end: endOf(item) };
}

function endOf(item: unknown): number {
  if (isPair(item)) return endOf((item as Pair).value);
  if ((isMap(item) || isSeq(item)) && !item.flow && item.items.length > 0) return endOf(item.items.at(-1));
  return rangeOf(item).end;
}

/** The place of a node: without an anchor before it, and without what follows. */
export function rangeOf(node: unknown): Span {
  const range = (node as ParsedNode | null)?.range;
  if (!range) throw new OddlyWritten();
  return { start: range[0], end: range[1] };
}

/** The begin of the next line; there is only a comment before it. */
function endOfLine(yaml: string, from: number): number {
  const feed = yaml.indexOf("\n", from);
  if (feed < 0 || !/^[ \t]*(?:[ \t]#.*)?\r?$/.test(yaml.slice(from, feed))) throw new OddlyWritten();
  return feed + 1;
}

import { isAlias, isMap, isScalar, isSeq, Lexer, LineCounter, parseDocument } from "yaml";

/** The maximum size of a file, in bytes. */
export const maximumBytes = 1_048_576;

const maximumDepth = 16;
const maximumMarks = 100;
const maximumFaults = 100;

/** A value of a YAML file, with its place: `file:line:column`. */
export interface Located {
  readonly place: string;
  readonly value: string | number | boolean | null | readonly Located[] | LocatedMap;
}

/** A mapping with text keys, in their order. */
export type LocatedMap = ReadonlyMap<string, { readonly place: string; readonly value: Located }>;

/** What {@link readYaml} has read. */
export interface YamlContent {
  /** Absent for an empty file, and for one with faults. */
  readonly root?: Located;
  /** Each `file:line:column: what is wrong`, at most 100. */
  readonly faults: readonly string[];
}

/**
 * Reads a YAML 1.2 file of up to 1 MiB into values that know their place. A key that comes twice, an alias, a tag of one's own,
 * and more than 16 levels are faults.
 *
 * @param file - Its name in places.
 */
export function readYaml(text: string, file: string): YamlContent {
  if (Buffer.byteLength(text) > maximumBytes) return faulty(`${file}:1:1: has more than ${maximumBytes} bytes`);
  const broken = lexicalFault(text);
  if (broken) return faulty(`${file}:1:1: ${broken}`);
  const lines = new LineCounter();
  // The library compares each key with every other one; `readMap` finds keys that come twice.
  const document = parseDocument(text, {
    version: "1.2",
    uniqueKeys: false,
    lineCounter: lines,
    prettyErrors: false,
  });
  const faults = [...document.errors, ...document.warnings].map(
    ({ message, pos }) => `${placeAt(pos[0])}: ${message.split("\n")[0]}`,
  );
  const root = faults.length === 0 && document.contents ? read(document.contents) : undefined;
  if (faults.length > 0) return { faults: faults.slice(0, maximumFaults) };
  return root ? { root, faults: [] } : { faults: [] };

  function read(node: unknown): Located {
    const place = placeOf(node);
    if (isMap(node)) return { place, value: readMap(node.items) };
    if (isSeq(node)) return { place, value: node.items.map(read) };
    if (isAlias(node)) faults.push(`${place}: is an alias, which is not supported: write the content out`);
    const value = isScalar(node) ? node.value : null;
    return { place, value: isPlain(value) ? value : null };
  }

  function readMap(items: readonly { readonly key: unknown; readonly value: unknown }[]): LocatedMap {
    const map = new Map<string, { readonly place: string; readonly value: Located }>();
    for (const { key: node, value } of items) {
      const place = placeOf(node);
      const key = isScalar(node) ? node.value : undefined;
      if (typeof key !== "string") faults.push(`${place}: is a key that is no text: put it in quotes`);
      else if (map.has(key)) faults.push(`${place}: has the key "${key}" twice: keep one of them`);
      else map.set(key, { place, value: value === null ? { place, value: null } : read(value) });
    }
    return map;
  }

  function placeOf(node: unknown): string {
    const range = (node as { range?: readonly number[] | null } | null)?.range;
    return placeAt(range?.[0] ?? 0);
  }

  function placeAt(offset: number): string {
    const { line, col } = lines.linePos(offset);
    return `${file}:${Math.max(1, line)}:${Math.max(1, col)}`;
  }
}

/**
 * For deep and unclosed brackets the parser's time and stack grow faster than the file, and a process without stack may end within a
 * regular expression, which nobody can catch. So the parser's words are looked at first: brackets, the indents of lines, and the marks
 * `-`, `?` and `:` within a line, each of which may begin a level of its own.
 */
function lexicalFault(text: string): string | undefined {
  let [depth, marks, levels] = [0, 0, 0];
  const indents: number[] = [];
  let indent: number | undefined = 0;
  for (const word of new Lexer().lex(text)) {
    if (word === "[" || word === "{") depth++;
    else if (word === "]" || word === "}") depth--;
    else if (/^[&*!]/.test(word)) marks++;
    else if (depth === 0 && /^[-?:]$/.test(word)) levels++;
    if (word.endsWith("\n")) [indent, levels] = [0, 0];
    else if (indent !== undefined && /^[ \t]+$/.test(word)) indent += word.length;
    else if (indent !== undefined) {
      if (depth === 0 && !word.startsWith("#")) enter(indents, indent);
      indent = undefined;
    }
    if (depth > maximumDepth) return `has more than ${maximumDepth} brackets within each other`;
    if (indents.length > maximumDepth || levels > maximumDepth) return `has more than ${maximumDepth} levels`;
    if (marks > maximumMarks)
      return "is full of anchors, aliases or tags, which are not supported: write the content out";
  }
  return undefined;
}

/** Keeps the indents of the lines that a line with this indent is below. */
function enter(indents: number[], indent: number): void {
  while (indents.length > 0 && (indents.at(-1) as number) >= indent) indents.pop();
  indents.push(indent);
}

function isPlain(value: unknown): value is string | number | boolean | null {
  return value === null || ["string", "number", "boolean"].includes(typeof value);
}

function faulty(fault: string): YamlContent {
  return { faults: [fault] };
}

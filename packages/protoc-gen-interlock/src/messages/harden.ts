import { posix } from "node:path";
import { runtimeFile } from "./runtime-file.js";

/** A change of ts-proto's text: how many places it must find, so that another text of ts-proto is noticed. */
interface Change {
  readonly what: string;
  readonly pattern: RegExp;
  readonly by: string;
  /** How often `pattern` must occur: a number, or as often as this other pattern. Default: any number of times. */
  readonly asOftenAs?: RegExp;
}

const message = /: MessageFns<[\w$]+>(?: & \w+)? = \{/g;

const changes: readonly Change[] = [
  {
    what: "entries of maps that are read",
    pattern: /^( *)(message\S+)\[(entry\d+)\.key\] = \3\.value;$/gm,
    by: "$1$$setOwn($2, $3.key, $3.value);",
  },
  {
    what: "entries of maps that are copied",
    pattern: /\bacc\[key\] = ([^;\n]+);/g,
    by: "$$setOwn(acc, key, $1);",
    asOftenAs: /\(acc: \{ \[key: string \]: /g,
  },
  {
    what: "Struct.wrap and Struct.unwrap",
    pattern: /^( *)(struct\.fields|object)\[key\] = ([^;\n]+);$/gm,
    by: "$1$$setOwn($2, key, $3);",
  },
  {
    what: "unknown fields that are read",
    pattern: /^( *)reader\.skip\(tag & 7\);$/gm,
    by: "$1$$keepUnknown(message, tag, reader.skip(tag & 7));",
    asOftenAs: message,
  },
  {
    what: "messages without fields that are written",
    pattern: /(\bencode\(\s*)_(?=: )/g,
    by: "$1message",
    asOftenAs: /\bencode\(\s*_: /g,
  },
  {
    what: "unknown fields that are written",
    pattern: /^return writer;$/gm,
    by: "$$writeUnknown(message, writer);\nreturn writer;",
    asOftenAs: message,
  },
  {
    what: "unknown fields that are copied",
    pattern:
      /(\bfromPartial\()(?:object|_)(: DeepPartial<[\w$]+>\): [\w$]+ \{\s*const message = createBase[\w$]+\(\);)/g,
    by: "$1object$2\n$$copyUnknown(object, message);",
    asOftenAs: message,
  },
  {
    what: "times that are written",
    pattern: /^function toTimestamp\(date: Date\): [\w$]+ \{[^}]+return \{[^}]+\};\s*\}/gm,
    by: "function toTimestamp(date: Date): { seconds: bigint; nanos: number } {\n  return $$toTimestamp(date);\n}",
    asOftenAs: /^function toTimestamp\(/gm,
  },
  {
    what: "times that are read",
    pattern: /^function fromTimestamp\(t: [\w$]+\): Date \{[^}]+\}/gm,
    by: "function fromTimestamp(t: { seconds: bigint; nanos: number }): Date {\n  return $$fromTimestamp(t);\n}",
    asOftenAs: /^function fromTimestamp\(/gm,
  },
  // A message may have the name of a global; then the bare name means the message.
  { what: "maps", pattern: /(?<![\w$.])Map(?=[<(])/g, by: "globalThis.Map" },
  { what: "64-bit integers", pattern: /(?<![\w$.])BigInt(?=\.as|\()/g, by: "globalThis.BigInt" },
  { what: "bytes", pattern: /(?<=\bnew )Uint8Array(?=\()/g, by: "globalThis.Uint8Array" },
];

/** What must not be left: an assignment to a property whose name comes from a message. */
const forbidden = /\[(?!globalThis\.Number\()[^\]\n"']*\b(?:key|k)\b[^\]\n]*\] = /;

const notCode = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g;

/**
 * Changes what ts-proto has printed, before it is formatted: no key of a map becomes a prototype, unknown fields are kept,
 * times before 1970 are valid, and no message hides a global.
 *
 * @param path - The file's path in the output folder.
 * @throws Error when ts-proto's text is not the expected one.
 */
export function harden(path: string, text: string): string {
  // Comments and strings are taken out, because they hold anything; code has no §.
  const kept: string[] = [];
  let code = text.replace(notCode, (found) => `§${kept.push(found) - 1}§`);
  for (const { what, pattern, by, asOftenAs } of changes) {
    const found = count(code, pattern);
    const expected = asOftenAs ? count(code, asOftenAs) : found;
    if (found !== expected) throw unexpected(path, `${what}: ${found} places instead of ${expected}`);
    code = code.replace(pattern, by);
  }
  const left = forbidden.exec(code);
  if (left) throw unexpected(path, `an assignment to a property of any name: ${left[0]}`);
  const used = [...new Set(code.match(/(?<![\w$.])\$[a-zA-Z]+(?=\()/g))].sort();
  const hardened = code.replace(/§(\d+)§/g, (_, index) => kept[index] ?? "");
  if (used.length === 0) return hardened;
  const runtime = posix.relative(posix.dirname(path), runtimeFile).replace(/\.ts$/, ".js");
  const line = `import { ${used.join(", ")} } from "${runtime.startsWith(".") ? "" : "./"}${runtime}";`;
  return hardened.replace("/* eslint-disable */\n", (found) => `${found}${line}\n`);
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}

function unexpected(path: string, what: string): Error {
  return new Error(`${path}: this version of ts-proto prints another code than the one known here (${what})`);
}

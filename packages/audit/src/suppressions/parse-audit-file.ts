import { isMap, isScalar, isSeq, Lexer, LineCounter, type Node, parseDocument } from "yaml";
import type { SourcePlace } from "../inputs/project.js";
import { ruleFacts } from "../rules/index.js";
import { AuditFileError } from "./audit-file-error.js";
import type { Approval, AuditFile, Suppression } from "./suppression.js";

/** The maximum length of the file, in characters. */
export const maximumAuditFileLength = 262_144;

/** The maximum number of suppressions, and of approvals. */
export const maximumEntries = 1_000;

/** The maximum length of one text in it, in characters. */
export const maximumTextLength = 1_000;

const maximumDepth = 16;

const lists = { suppressions: ["rule", "subject", "reason", "expires"], approvals: ["method", "reason"] } as const;

type Entry = Readonly<Record<string, string>> & { readonly place: SourcePlace };

/**
 * Reads the file `interlock.audit.yaml` of a project: suppressions, each with rule, subject, reason and the day on which it
 * expires; and approvals of loosened policies, each with method and reason.
 *
 * @param yaml - The content of the file, at most {@link maximumAuditFileLength} characters.
 * @param file - Its path, for the places of its entries.
 * @throws AuditFileError with every fault, each with its line and what to write instead.
 */
export function parseAuditFile(yaml: string, file: string): AuditFile {
  if (yaml.length > maximumAuditFileLength)
    throw new AuditFileError(file, [`the file is longer than ${maximumAuditFileLength} characters`]);
  const counter = new LineCounter();
  const document = parseYaml(yaml, counter, file);
  const lineOf = (node: unknown) => counter.linePos((node as Node | null)?.range?.[0] ?? 0);
  const syntax = [...document.errors, ...document.warnings].map(
    ({ message, pos }) => `line ${counter.linePos(pos[0]).line}: ${message}`,
  );
  if (syntax.length > 0) throw new AuditFileError(file, syntax);
  const faults: string[] = [];
  const report = (node: unknown, fault: string) => void faults.push(`line ${lineOf(node).line}: ${fault}`);
  const read: Record<keyof typeof lists, Entry[]> = { suppressions: [], approvals: [] };
  const { contents } = document;
  if (contents !== null && !isMap(contents)) report(contents, `write "suppressions:", with a list below it`);
  for (const { key, value } of isMap(contents) ? contents.items : []) {
    const name = textOf(key);
    if (name !== "suppressions" && name !== "approvals") {
      report(key, `the key "${name}" is not known; the keys are "suppressions" and "approvals"`);
    } else if (!isSeq(value)) {
      if (!(isScalar(value) && value.value === null)) report(value ?? key, `write a list below "${name}:"`);
    } else if (value.items.length > maximumEntries) {
      report(value, `there are more than ${maximumEntries} entries below "${name}:"`);
    } else {
      for (const item of value.items) {
        const entry = readEntry(item, lists[name], report);
        const { line, col } = lineOf(item);
        if (entry) read[name].push({ ...entry, place: { file, line, column: col } } as Entry);
      }
    }
  }
  if (faults.length > 0) throw new AuditFileError(file, faults);
  return read as unknown as { suppressions: Suppression[]; approvals: Approval[] };
}

function parseYaml(yaml: string, lineCounter: LineCounter, file: string): ReturnType<typeof parseDocument> {
  // The parser's time grows with the square of the number of unclosed brackets.
  let depth = 0;
  for (const lexeme of new Lexer().lex(yaml)) {
    if (lexeme === "[" || lexeme === "{") depth++;
    else if (lexeme === "]" || lexeme === "}") depth--;
    if (depth > maximumDepth) throw new AuditFileError(file, ["the file is nested too deeply"]);
  }
  return parseDocument(yaml, { version: "1.2", lineCounter, prettyErrors: false });
}

/** Reads one entry of a list: exactly the keys `wanted`, each with a text. */
function readEntry(
  item: unknown,
  wanted: readonly string[],
  report: (node: unknown, fault: string) => void,
): Record<string, string> | undefined {
  const entry: Record<string, string> = {};
  if (!isMap(item)) return void report(item, `write an entry with ${wanted.join(", ")}`);
  for (const { key, value } of item.items) {
    const name = textOf(key) ?? "";
    const text = textOf(value)?.trim();
    if (!wanted.includes(name)) return void report(key, `the key "${name}" is not known; write ${wanted.join(", ")}`);
    if (!text) return void report(value ?? key, `"${name}" must be a text`);
    if (text.length > maximumTextLength)
      return void report(value, `"${name}" is longer than ${maximumTextLength} characters`);
    entry[name] = text;
  }
  const missing = wanted.filter((name) => entry[name] === undefined);
  if (missing.length > 0) return void report(item, `${missing.map((name) => `"${name}"`).join(" and ")} is missing`);
  if (entry.rule !== undefined && !ruleFacts.some(({ id }) => id === entry.rule))
    return void report(item, `there is no rule "${entry.rule}"; docs/rules.md lists them`);
  if (entry.expires !== undefined && !isDay(entry.expires))
    return void report(item, `"${entry.expires}" is not a day; write it as YYYY-MM-DD`);
  return entry;
}

function isDay(text: string): boolean {
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN;
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

function textOf(node: unknown): string | undefined {
  return isScalar(node) && typeof node.value === "string" ? node.value : undefined;
}

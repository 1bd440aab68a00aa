import { denial } from "@interlock/bot/internal";
import { isIdentityPattern, isScope } from "@interlock/policy";
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type ParsedNode,
  parseDocument,
} from "yaml";
import { isServiceName } from "../service-name.js";
import type { Grant, Grants } from "./grants.js";

/** The longest grants.yaml that is read, in characters. */
export const maximumGrantsLength = 262_144;

const maximumFaults = 20;
const maximumDepth = 16;
const maximumMarks = 100;
const tooDeep = "it is nested too deeply; grants are identity pattern, service, list of scopes";

/**
 * Reads grants.yaml (YAML 1.2): identity pattern → service → scopes. Throws `GRANTS_INVALID` with every fault there is,
 * each with its line and what to do about it.
 *
 * ```yaml
 * grants:
 *   "coffee/*":
 *     cafe.gripper.v1.GripperService: [gripper:actuate, gripper:observe]
 * ```
 */
export function parseGrants(yaml: string): Grants {
  if (yaml.length > maximumGrantsLength) throw invalid([`it is longer than ${maximumGrantsLength} characters`]);
  checkLexemes(yaml);
  const lines = new LineCounter();
  const document = parseYaml(yaml, lines);
  const faults: string[] = [];
  const report: Report = (node, fault) => {
    const offset = (node as ParsedNode | null | undefined)?.range?.[0];
    faults.push(offset === undefined ? fault : `line ${lines.linePos(offset).line}: ${fault}`);
  };
  for (const { message, pos } of [...document.errors, ...document.warnings]) {
    faults.push(`line ${lines.linePos(pos[0]).line}: ${shorten(message, 200)}`);
  }
  // A document that cannot be read has no content to judge.
  const grants = faults.length > 0 ? [] : readDocument(document, report);
  if (faults.length > 0) throw invalid(faults);
  return grants;
}

// Before the parser sees it: what is opened and not closed takes it a time that grows with the square of it, and anchors,
// aliases and tags, which are not read anyway, take it long as well.
function checkLexemes(yaml: string): void {
  let [depth, marks] = [0, 0];
  for (const lexeme of new Lexer().lex(yaml)) {
    if (lexeme === "[" || lexeme === "{") depth++;
    else if (lexeme === "]" || lexeme === "}") depth--;
    else if (/^[&*!]/.test(lexeme)) marks++;
    if (depth > maximumDepth) throw invalid([tooDeep]);
    if (marks > maximumMarks)
      throw invalid(["it is full of anchors, aliases or tags, which are not read; write it out"]);
  }
}

type Report = (node: unknown, fault: string) => void;

function parseYaml(yaml: string, lineCounter: LineCounter): Document.Parsed {
  try {
    // The parser compares every key with every other; entries() below finds those that stand there twice, faster.
    return parseDocument(yaml, { version: "1.2", uniqueKeys: false, lineCounter, prettyErrors: false });
  } catch (error) {
    // The parser goes as deep as its input; grants are four levels deep.
    throw invalid([tooDeep], error);
  }
}

function readDocument({ contents }: Document.Parsed, report: Report): Grant[] {
  const root = entries(contents, "the file must say grants:, with an identity pattern below it", report);
  let grants: Grant[] | undefined;
  for (const { key, keyNode, value } of root) {
    if (key === "grants") grants = readIdentities(value, report);
    else report(keyNode, `${quote(key)} is not known here; only "grants" is`);
  }
  if (!grants && isMap(contents)) report(contents, 'there is no "grants"; for none at all, write grants: {}');
  return grants ?? [];
}

function readIdentities(node: unknown, report: Report): Grant[] {
  const identities = entries(
    node,
    "write an identity pattern below grants:; for none at all, write grants: {}",
    report,
  );
  return identities.flatMap(({ key: identity, keyNode, value }) => {
    if (!isIdentityPattern(identity)) {
      report(
        keyNode,
        `${quote(identity)} is no identity pattern; write a bot's name, with * for one segment, ** at the end`,
      );
    }
    const services = entries(value, `write a service and its scopes below ${quote(identity)}`, report);
    return services.flatMap(({ key: service, keyNode: serviceNode, value: list }) => {
      if (!isServiceName(service)) {
        report(serviceNode, `${quote(service)} is no service; write its full name, for example cafe.v1.GripperService`);
      }
      return readScopes(list, service, report).map((scope) => ({ identity, service, scope }));
    });
  });
}

function readScopes(node: unknown, service: string, report: Report): Grant["scope"][] {
  if (!isSeq(node) || node.items.length === 0) {
    report(node, `write the scopes of ${shorten(service)} as a list, for example [gripper:observe]`);
    return [];
  }
  const scopes = new Set<Grant["scope"]>();
  for (const item of node.items) {
    const scope = textOf(item);
    if (scope === undefined || !isScope(scope))
      report(item, `${quote(scope ?? String(item))} is no scope; write resource:action`);
    else scopes.add(scope);
  }
  return [...scopes];
}

interface Entry {
  readonly key: string;
  readonly keyNode: unknown;
  readonly value: unknown;
}

// The entries of a map whose keys are text. Anchors are not followed: they make a review hard, and a bomb easy.
function entries(node: unknown, otherwise: string, report: Report): Entry[] {
  if (isAlias(node)) report(node, "aliases are not read here; write it out");
  else if (!isMap(node)) report(node, otherwise);
  if (!isMap(node)) return [];
  const seen = new Set<string>();
  return node.items.flatMap(({ key: keyNode, value }) => {
    const key = textOf(keyNode);
    if (key === undefined) report(keyNode, "a key has to be text; put it in quotes");
    else if (seen.has(key)) report(keyNode, `${quote(key)} stands here twice; put it in one place`);
    else seen.add(key);
    return key === undefined ? [] : [{ key, keyNode, value }];
  });
}

function textOf(node: unknown): string | undefined {
  return isScalar(node) && typeof node.value === "string" ? node.value : undefined;
}

const quote = (text: string) => `"${shorten(text)}"`;

/** What a file says goes into a message whole only where it is short. */
function shorten(text: string, length = 80): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}

function invalid(faults: readonly string[], cause?: unknown): Error {
  const more = faults.length - maximumFaults;
  const told = [...faults.slice(0, maximumFaults), ...(more > 0 ? [`and ${more} more`] : [])];
  return denial("GRANTS_INVALID", told.join("\n"), {}, cause);
}

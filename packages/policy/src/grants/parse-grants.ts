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
import { isFederatedPattern, isIdentityPattern } from "../identity-pattern.js";
import { isScope } from "../scope.js";
import { isServiceName } from "../service-name.js";
import { type Grant, type Grants, grantKey, type LocatedGrant, type Place } from "./grants.js";
import { GrantsError, type GrantsFault } from "./grants-error.js";

/** The maximum length of a grants file, in characters. */
export const maximumGrantsLength = 262_144;

/** The maximum number of lines of a grants file. */
export const maximumGrantsLines = 20_000;

/** The maximum length of all grants with their identity pattern, service and scope written out, in characters. */
export const maximumExpandedLength = 2_097_152;

/** The maximum length of the condition of a grant, in characters. */
export const maximumConditionLength = 256;

const maximumDepth = 16;
const maximumMarks = 100;
const tooDeep = "the file is nested too deeply; write identity pattern, service, list of scopes";

/**
 * Reads a grants file (YAML 1.2): identity pattern, service, scopes.
 *
 * @param yaml - The content of the file, at most {@link maximumGrantsLength} characters.
 * @returns The grants, in file order.
 * @throws GrantsError with every fault in the file, each with its line and what to write instead.
 *
 * @example
 * ```ts
 * const grants = parseGrants(`
 * grants:
 *   "coffee/*":
 *     cafe.gripper.v1.GripperService: [gripper:actuate, gripper:observe]
 * `);
 * ```
 */
export function parseGrants(yaml: string): Grants {
  const seen = new Set<string>();
  return locateGrants(yaml).flatMap(({ places: _, ...grant }) => {
    const key = grantKey(grant);
    if (seen.has(key)) return [];
    seen.add(key);
    return [grant];
  });
}

/**
 * Reads a grants file as {@link parseGrants} does, with the places of each grant in the file. A scope that a list has
 * twice is in the result twice.
 *
 * @param yaml - The content of the file.
 * @returns The grants, in file order.
 * @throws GrantsError as {@link parseGrants} does.
 */
export function locateGrants(yaml: string): LocatedGrant[] {
  if (yaml.length > maximumGrantsLength) throw invalid(`the file is longer than ${maximumGrantsLength} characters`);
  // Counted without splitting: a file of line feeds only would make a list of them.
  let lineCount = 1;
  for (let at = yaml.indexOf("\n"); at >= 0; at = yaml.indexOf("\n", at + 1)) lineCount++;
  if (lineCount > maximumGrantsLines) throw invalid(`the file has more than ${maximumGrantsLines} lines`);
  checkLexemes(yaml);
  const lines = new LineCounter();
  const document = parseYaml(yaml, lines);
  const faults: GrantsFault[] = [];
  const placeOf: PlaceOf = (node) => {
    const range = (node as ParsedNode | null | undefined)?.range;
    if (!range) return undefined;
    const { line, col } = lines.linePos(range[0]);
    return { line, column: col, length: Math.max(1, range[1] - range[0]) };
  };
  const report: Report = (node, message) => {
    const place = placeOf(node);
    faults.push(place === undefined ? { message } : { line: place.line, message });
  };
  for (const { message, pos } of [...document.errors, ...document.warnings]) {
    if (message.includes("call stack")) throw invalid(tooDeep); // For sequences within sequences in one line.
    faults.push({ line: lines.linePos(pos[0]).line, message: shorten(message, 200) });
  }
  // A document with a syntax error has no content to check.
  const grants = faults.length > 0 ? [] : readDocument(document, report, placeOf);
  if (faults.length > 0) throw new GrantsError(faults);
  const expanded = grants.reduce((sum, { identity, service, scope, where = "" }) => {
    return sum + identity.length + service.length + scope.length + where.length;
  }, 0);
  if (expanded > maximumExpandedLength) {
    throw invalid("the grants are too long when each is written out; use shorter patterns, or fewer scopes");
  }
  return grants;
}

// Runs before the parser. For unclosed brackets the parser's time grows with the square of their number, and anchors,
// aliases and tags, which grants do not use, take it long as well.
function checkLexemes(yaml: string): void {
  let [depth, marks] = [0, 0];
  for (const lexeme of new Lexer().lex(yaml)) {
    if (lexeme === "[" || lexeme === "{") depth++;
    else if (lexeme === "]" || lexeme === "}") depth--;
    else if (/^[&*!]/.test(lexeme)) marks++;
    if (depth > maximumDepth) throw invalid(tooDeep);
    if (marks > maximumMarks)
      throw invalid("the file is full of anchors, aliases or tags, which are not supported; write the content out");
  }
}

/** Records a fault at a node of the document. */
type Report = (node: unknown, message: string) => void;

/** Returns the place of a node in the file. */
type PlaceOf = (node: unknown) => Place | undefined;

function parseYaml(yaml: string, lineCounter: LineCounter): Document.Parsed {
  try {
    // With `uniqueKeys`, the parser compares every key with every other one. entries() finds duplicates faster.
    return parseDocument(yaml, { version: "1.2", uniqueKeys: false, lineCounter, prettyErrors: false });
  } catch (error) {
    // The parser recurses as deep as its input; grants are four levels deep.
    throw invalid(tooDeep, error);
  }
}

function readDocument({ contents }: Document.Parsed, report: Report, placeOf: PlaceOf): LocatedGrant[] {
  const root = entries(contents, "the file must have the key grants:, with an identity pattern below it", report);
  let grants: LocatedGrant[] | undefined;
  for (const { key, keyNode, value } of root) {
    if (key === "grants") grants = readIdentities(value, report, placeOf);
    else report(keyNode, `the key ${quote(key)} is not known; the only key is "grants"`);
  }
  if (!grants && isMap(contents)) report(contents, 'there is no "grants"; for no grants at all, write grants: {}');
  return grants ?? [];
}

function readIdentities(node: unknown, report: Report, placeOf: PlaceOf): LocatedGrant[] {
  const identities = entries(
    node,
    "write an identity pattern below grants:; for no grants at all, write grants: {}",
    report,
  );
  return identities.flatMap(({ key: identity, keyNode, value }) => {
    if (!isIdentityPattern(identity) && !isFederatedPattern(identity)) {
      report(
        keyNode,
        `${quote(identity)} is not an identity pattern; write a bot's name, with * for one segment or ** at the end; for bots of a federated trust domain, write spiffe://DOMAIN/ before it`,
      );
    }
    const services = entries(value, `write a service and its scopes below ${quote(identity)}`, report);
    return services.flatMap(({ key: service, keyNode: serviceNode, value: list }) => {
      if (!isServiceName(service)) {
        report(
          serviceNode,
          `${quote(service)} is not a service; write its full name, for example cafe.v1.GripperService`,
        );
      }
      return readScopes(list, service, report).map(({ scope, where, node: scopeNode, whereNode }) => ({
        identity,
        service,
        scope,
        ...(where !== undefined && { where }),
        places: {
          identity: placeOf(keyNode) ?? start,
          service: placeOf(serviceNode) ?? start,
          scope: placeOf(scopeNode) ?? start,
          ...(where !== undefined && { where: placeOf(whereNode) ?? start }),
        },
      }));
    });
  });
}

const start: Place = { line: 1, column: 1, length: 1 };

interface ReadScope extends Pick<Grant, "scope" | "where"> {
  readonly node: unknown;
  readonly whereNode?: unknown;
}

function readScopes(node: unknown, service: string, report: Report): ReadScope[] {
  if (!isSeq(node) || node.items.length === 0) {
    report(node, `write the scopes of ${shorten(service)} as a list, for example [gripper:observe]`);
    return [];
  }
  return node.items.flatMap((item) => {
    if (isNarrowed(item)) return readNarrowed(item, report);
    const scope = textOf(item);
    if (scope !== undefined && isScope(scope)) return [{ scope, node: item }];
    report(item, `${quote(scope ?? String(item))} is not a scope; write resource:action`);
    return [];
  });
}

/** Whether an item of a list is a scope with a condition: a map that has one of their two keys. */
function isNarrowed(item: unknown): boolean {
  return isMap(item) && item.items.some(({ key }) => ["scope", "where"].includes(textOf(key) ?? ""));
}

// One line, so that nothing of it is hidden in a difference, and no control character, so that it can be printed.
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** A scope with a condition: `{ scope: gripper:actuate, where: "newtons <= 5" }`. */
function readNarrowed(item: unknown, report: Report): ReadScope[] {
  const form = "write { scope: resource:action, where: a condition }";
  const parts = new Map(entries(item, form, report).map((entry) => [entry.key, entry]));
  for (const { key, keyNode } of parts.values()) {
    if (key !== "scope" && key !== "where") report(keyNode, `the key ${quote(key)} is not known here; ${form}`);
  }
  const [node, whereNode] = [parts.get("scope")?.value, parts.get("where")?.value];
  const [scope, where] = [textOf(node), textOf(whereNode)?.trim()];
  if (scope === undefined || !isScope(scope)) report(node ?? item, `${quote(scope ?? "")} is not a scope; ${form}`);
  if (where === undefined || where === "") report(whereNode ?? item, `there is no condition as text; ${form}`);
  else if (where.length > maximumConditionLength)
    report(whereNode, `a condition has at most ${maximumConditionLength} characters`);
  else if (unprintable.test(where)) report(whereNode, "a condition is one line of printable characters");
  else if (scope !== undefined && isScope(scope)) return [{ scope, where, node, whereNode }];
  return [];
}

interface Entry {
  readonly key: string;
  readonly keyNode: unknown;
  readonly value: unknown;
}

// The entries of a map with text keys. Aliases are not followed: they make a review hard and a bomb easy.
function entries(node: unknown, otherwise: string, report: Report): Entry[] {
  if (isAlias(node)) report(node, "aliases are not supported; write the content out");
  else if (!isMap(node)) report(node, otherwise);
  if (!isMap(node)) return [];
  const seen = new Set<string>();
  return node.items.flatMap(({ key: keyNode, value }) => {
    const key = textOf(keyNode);
    if (key === undefined) report(keyNode, "a key must be text; put it in quotes");
    else if (seen.has(key)) report(keyNode, `${quote(key)} is here twice; merge the two entries`);
    else seen.add(key);
    return key === undefined ? [] : [{ key, keyNode, value }];
  });
}

function textOf(node: unknown): string | undefined {
  return isScalar(node) && typeof node.value === "string" ? node.value : undefined;
}

const quote = (text: string) => `"${shorten(text)}"`;

/** Shortens a text of the file for a message. */
function shorten(text: string, length = 80): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}

function invalid(message: string, cause?: unknown): GrantsError {
  return new GrantsError([{ message }], cause);
}

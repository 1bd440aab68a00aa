import { InterlockError } from "@interlock/bot";
import { httpsUrl } from "@interlock/bot/internal";
import { isBotName } from "@interlock/policy";
import { parse } from "yaml";
import { isIssuable, isOperatorName, isReservedName } from "../names.js";
import type { JoinRule, JoinRules, WorkloadIssuer } from "./join-rules.js";

/** The maximum length of a file of join rules, in characters. */
export const maximumJoinRulesLength = 262_144;
/** The maximum number of issuers. */
export const maximumIssuers = 16;
/** The maximum number of rules. */
export const maximumRules = 1_000;

const accountForm = /^system:serviceaccount:[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?:[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

/**
 * Reads a file of join rules (YAML 1.2).
 *
 * @param yaml - The content of the file, at most {@link maximumJoinRulesLength} characters.
 * @returns The rules, in file order.
 * @throws InterlockError `INVALID_ARGUMENT`, which names the entry and says what to write.
 *
 * @example
 * ```ts
 * const rules = parseJoinRules(`
 * issuers:
 *   - issuer: https://kubernetes.default.svc.cluster.local
 *     keys: https://kubernetes.default.svc/openid/v1/jwks
 * joins:
 *   - issuer: https://kubernetes.default.svc.cluster.local
 *     account: system:serviceaccount:plant:arm
 *     name: arm/*
 * `);
 * ```
 */
export function parseJoinRules(yaml: string): JoinRules {
  if (yaml.length > maximumJoinRulesLength)
    throw invalid(`the file is longer than ${maximumJoinRulesLength} characters`);
  const root = fields(read(yaml), "the file", ["issuers", "joins"]);
  const issuers = list(root.issuers, "issuers", maximumIssuers).map(readIssuer);
  unique(issuers, ({ issuer }) => issuer, "issuers", "the issuer is here twice");
  const known = new Set(issuers.map(({ issuer }) => issuer));
  const joins = list(root.joins, "joins", maximumRules).map((entry, i) => readRule(entry, `joins[${i}]`, known));
  unique(joins, ({ issuer, account }) => `${issuer} ${account}`, "joins", "the account has a rule already");
  // A whole name is one bot's. Two accounts under it would take it from each other.
  unique(
    joins.filter(({ name }) => !name.endsWith("*")),
    ({ name }) => name,
    "joins",
    "another account has that name",
  );
  return { issuers, joins };
}

function read(yaml: string): unknown {
  try {
    return parse(yaml, { version: "1.2", maxAliasCount: 0, uniqueKeys: true });
  } catch (cause) {
    throw invalid(`it is not YAML: ${cause instanceof Error ? cause.message.split("\n")[0] : ""}`, cause);
  }
}

function readIssuer(entry: unknown, i: number): WorkloadIssuer {
  const at = `issuers[${i}]`;
  const { issuer, keys, ca, token } = fields(entry, at, ["issuer", "keys", "ca", "token"]);
  const place = text(keys, `${at}.keys`, "the https URL of the issuer's JWK Set, or a file with it");
  if (place.includes("://")) checkUrl(place, `${at}.keys`);
  else if (ca !== undefined || token !== undefined) throw invalid(`${at}: "ca" and "token" are for keys at a URL`);
  return {
    issuer: text(issuer, `${at}.issuer`, 'the "iss" of its tokens'),
    keys: place,
    ...(ca !== undefined && { caFile: text(ca, `${at}.ca`, "a PEM file") }),
    ...(token !== undefined && { tokenFile: text(token, `${at}.token`, "a file with a bearer token") }),
  };
}

function readRule(entry: unknown, at: string, known: ReadonlySet<string>): JoinRule {
  const { issuer: from, account: who, name: under } = fields(entry, at, ["issuer", "account", "name"]);
  const issuer = text(from, `${at}.issuer`, "one of the issuers above");
  const account = text(who, `${at}.account`, "system:serviceaccount:<namespace>:<name>");
  const name = text(under, `${at}.name`, "the name of the bot, for example arm/*");
  if (!known.has(issuer)) throw invalid(`${at}.issuer: "${issuer}" is not one of the issuers above`);
  if (!accountForm.test(account)) {
    throw invalid(`${at}.account: write system:serviceaccount:<namespace>:<name>, without wildcards`);
  }
  checkName(name, `${at}.name`);
  return { issuer, account, name };
}

function checkName(name: string, at: string): void {
  const example = name.endsWith("/*") ? `${name.slice(0, -1)}x` : name;
  if (!isBotName(example) || !isIssuable(example)) {
    throw invalid(`${at}: write a name in lower case, whose last segment may be * for the name of the pod`);
  }
  if (isReservedName(example) || isOperatorName(example)) {
    throw invalid(`${at}: names of operators and of Interlock itself cannot be given to workloads`);
  }
}

function checkUrl(url: string, at: string): void {
  try {
    httpsUrl(url);
  } catch (cause) {
    throw invalid(`${at}: write an https URL without a password, or the path of a file`, cause);
  }
}

function fields(value: unknown, at: string, known: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalid(`${at} must have the keys ${known.join(", ")}`);
  }
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined) throw invalid(`${at}: the key "${unknown}" is not known; write ${known.join(", ")}`);
  return value as Record<string, unknown>;
}

function list(value: unknown, at: string, most: number): readonly unknown[] {
  if (!Array.isArray(value) || value.length === 0) throw invalid(`${at} must be a list with at least one entry`);
  if (value.length > most) throw invalid(`${at} has more than ${most} entries`);
  return value;
}

function text(value: unknown, at: string, what: string): string {
  if (typeof value === "string" && value.trim() !== "") return value;
  throw invalid(`${at}: write ${what}`);
}

function unique<T>(entries: readonly T[], key: (entry: T) => string, at: string, problem: string): void {
  const seen = new Set<string>();
  for (const entry of entries) {
    if (seen.has(key(entry))) throw invalid(`${at}: ${problem}: ${key(entry)}`);
    seen.add(key(entry));
  }
}

function invalid(message: string, cause?: unknown): InterlockError {
  return new InterlockError("INVALID_ARGUMENT", `The join rules cannot be read: ${message}.`, { cause });
}

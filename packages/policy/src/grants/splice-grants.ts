import { type Grant, type Grants, grantKey } from "./grants.js";
import type { GrantsChangeSet } from "./grants-change.js";
import {
  type IdentityEntry,
  type IdentityMap,
  parseNodes,
  type ScopeList,
  scopeOf,
  scopeText,
} from "./grants-nodes.js";
import { applySplices, cutItems, OddlyWritten, rangeOf, type Splice, sourceOf, spanOf } from "./splice.js";

/** Whether a scope of a service stays, with its condition or without one. */
type Keeps = (service: string, item: { readonly scope: string; readonly where?: string | undefined }) => boolean;

/** A service with a scope of it and the condition, as text. */
function itemKey(service: string, { scope, where }: Parameters<Keeps>[1]): string {
  return grantKey({ identity: "", service, scope, where });
}

/**
 * Changes a grants file by cutting out and inserting text, so that all other text stays. Returns `undefined` where the file
 * is written in a way that is not edited as text.
 */
export function spliceGrants(yaml: string, change: GrantsChangeSet): string | undefined {
  const text = yaml.endsWith("\n") ? yaml : `${yaml}\n`;
  try {
    const spliced = applySplices(text, splicesFor(text, change));
    return text === yaml ? spliced : spliced.replace(/\n$/, "");
  } catch (error) {
    if (error instanceof OddlyWritten) return undefined;
    throw error;
  }
}

function splicesFor(yaml: string, { gone, added }: GrantsChangeSet): Splice[] {
  const { key, identities } = parseNodes(yaml);
  const entries = new Map(identities.items.map((entry) => [entry.key.value, entry]));
  const splices: Splice[] = [];
  const following = new Map<IdentityEntry, string[]>();

  for (const [name, { pattern, grants }] of added) {
    const [own, source] = [entries.get(name), entries.get(pattern)];
    if (own !== undefined) {
      splices.push(...insertions(yaml, own, grants));
      continue;
    }
    if (source === undefined) throw new OddlyWritten();
    const gets = new Set(grants.map((grant) => itemKey(grant.service, grant)));
    const clone = cloneEntry(yaml, identities, source, name, (service, item) => gets.has(itemKey(service, item)));
    following.set(source, [...(following.get(source) ?? []), clone]);
  }
  const empty = new Set<number>();
  for (const [i, entry] of identities.items.entries()) {
    const cuts = cutsIn(
      yaml,
      entry,
      (service, item) => !gone.has(grantKey({ identity: entry.key.value, service, ...item })),
    );
    const clones = following.get(entry);
    const separator = identities.flow ? ", " : "";
    const span = clones && spanOf(yaml, identities, entry);
    if (cuts !== "everything") splices.push(...cuts);
    else if (!span) empty.add(i);
    if (!clones || !span) continue;
    const text = clones.join(separator);
    if (cuts === "everything") splices.push({ ...span, text });
    else splices.push({ start: span.end, end: span.end, text: separator + text });
  }
  if (empty.size === identities.items.length) return emptied(yaml, rangeOf(key).end, identities);
  return [...splices, ...cutItems(yaml, identities, empty)];
}

/** What is cut out of an entry; "everything" when nothing would be left. */
function cutsIn(yaml: string, { value: services }: IdentityEntry, keeps: Keeps): Splice[] | "everything" {
  const cuts: Splice[] = [];
  const without = new Set<number>();
  for (const [i, { key, value: scopes }] of services.items.entries()) {
    const lost = new Set(scopes.items.flatMap((item, j) => (keeps(key.value, scopeOf(item)) ? [] : [j])));
    if (lost.size === scopes.items.length) without.add(i);
    else cuts.push(...cutItems(yaml, scopes, lost));
  }
  if (without.size > 0 && without.size === services.items.length) return "everything";
  return [...cuts, ...cutItems(yaml, services, without)];
}

/** An entry under another key, with the scopes that it keeps. */
function cloneEntry(yaml: string, identities: IdentityMap, entry: IdentityEntry, name: string, keeps: Keeps): string {
  const cuts = cutsIn(yaml, entry, keeps);
  if (cuts === "everything") throw new OddlyWritten();
  const span = spanOf(yaml, identities, entry);
  const moved = [...cuts, { ...rangeOf(entry.key), text: keyText(name) }].map((cut) => {
    return { start: cut.start - span.start, end: cut.end - span.start, text: cut.text };
  });
  return applySplices(sourceOf(yaml, span), moved);
}

/** What is inserted into an entry for grants that it does not have. */
function insertions(yaml: string, { value: services }: IdentityEntry, grants: Grants): Splice[] {
  const byService = new Map<string, string[]>();
  const add = ({ service, ...item }: Grant) =>
    byService.set(service, [...(byService.get(service) ?? []), scopeText(item)]);
  grants.forEach(add);
  const last = services.items.at(-1);
  if (last === undefined) throw new OddlyWritten();
  return [...byService].map(([service, scopes]) => {
    const list = services.items.find(({ key }) => key.value === service)?.value;
    if (list) return appended(yaml, list, scopes);
    const span = spanOf(yaml, services, last);
    const item = `${service}: [${scopes.join(", ")}]`;
    const indent = " ".repeat(/^ */.exec(yaml.slice(span.start))?.[0].length ?? 0);
    const text = services.flow ? `, ${item}` : `${indent}${item}\n`;
    return { start: span.end, end: span.end, text };
  });
}

function appended(yaml: string, list: ScopeList, scopes: readonly string[]): Splice {
  const span = spanOf(yaml, list, list.items.at(-1));
  const lead = /^ *- +/.exec(yaml.slice(span.start))?.[0] ?? "";
  const text = scopes.map((scope) => (list.flow ? `, ${scope}` : `${lead}${scope}\n`)).join("");
  return { start: span.end, end: span.end, text };
}

/** Writes `grants: {}` when no entry is left. */
function emptied(yaml: string, afterKey: number, identities: IdentityMap): Splice[] {
  if (identities.flow) return [{ ...rangeOf(identities), text: "{}" }];
  const colon = yaml.indexOf(":", afterKey) + 1;
  const lines = identities.items.map((entry) => ({ ...spanOf(yaml, identities, entry), text: "" }));
  return [{ start: colon, end: colon, text: " {}" }, ...lines];
}

/** A name as a key: in quotes where it would not be read as text. */
function keyText(name: string): string {
  return /^[a-zA-Z][\w.-]*(\/[\w.-]+)+$/.test(name) ? name : JSON.stringify(name);
}

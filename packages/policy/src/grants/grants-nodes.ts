import { isMap, parseDocument, type Scalar, type YAMLMap } from "yaml";
import type { Grant } from "./grants.js";

/** The nodes of a grants file, as `locateGrants` has found them: a map of identities, of services, of lists of scopes. */
export interface IdentityMap {
  /** Whether it is written within brackets. */
  flow?: boolean;
  items: IdentityEntry[];
}

/** An identity pattern with its services. */
export interface IdentityEntry {
  readonly key: Scalar<string>;
  readonly value: ServiceMap;
}

/** The services of an identity; may be empty. */
export interface ServiceMap {
  flow?: boolean;
  items: ServiceEntry[];
}

/** A service with its scopes. */
export interface ServiceEntry {
  readonly key: Scalar<string>;
  readonly value: ScopeList;
}

/** The scopes of a service; one at least. A scope with a condition is a map. */
export interface ScopeList {
  flow?: boolean;
  items: (Scalar<string> | YAMLMap)[];
}

/** What an item of a list of scopes says. */
export function scopeOf(item: ScopeList["items"][number]): { readonly scope: string; readonly where?: string } {
  if (!isMap(item)) return { scope: item.value };
  const where = item.get("where");
  return { scope: String(item.get("scope")), ...(typeof where === "string" && { where: where.trim() }) };
}

/** What stands in a file for a scope with its condition. */
export function scopeText({ scope, where }: Pick<Grant, "scope" | "where">): string {
  return where === undefined ? scope : `{ scope: ${scope}, where: ${JSON.stringify(where)} }`;
}

/** Parses a file that `locateGrants` has accepted. */
export function parseNodes(yaml: string) {
  const document = parseDocument(yaml, { version: "1.2", uniqueKeys: false });
  const pair = isMap(document.contents) ? document.contents.items[0] : undefined;
  if (!pair) throw new Error("This is no grants file.");
  return { document, key: pair.key as unknown as Scalar<string>, identities: pair.value as unknown as IdentityMap };
}

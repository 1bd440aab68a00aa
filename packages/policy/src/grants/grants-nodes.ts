import { isMap, parseDocument, type Scalar } from "yaml";

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

/** The scopes of a service; one at least. */
export interface ScopeList {
  flow?: boolean;
  items: Scalar<string>[];
}

/** Parses a file that `locateGrants` has accepted. */
export function parseNodes(yaml: string) {
  const document = parseDocument(yaml, { version: "1.2", uniqueKeys: false });
  const pair = isMap(document.contents) ? document.contents.items[0] : undefined;
  if (!pair) throw new Error("This is no grants file.");
  return { document, key: pair.key as unknown as Scalar<string>, identities: pair.value as unknown as IdentityMap };
}

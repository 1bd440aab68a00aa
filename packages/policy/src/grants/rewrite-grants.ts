import { grantKey } from "./grants.js";
import type { GrantsChangeSet } from "./grants-change.js";
import { type IdentityEntry, parseNodes, type ScopeList, type ServiceEntry, scopeOf } from "./grants-nodes.js";

/**
 * Changes a grants file as a document, and writes it anew: order and comments stay, except those of what vanishes; quotes,
 * spaces and line breaks may change.
 */
export function rewriteGrants(yaml: string, { gone, added }: GrantsChangeSet): string {
  const { document, identities } = parseNodes(yaml);
  identities.items = identities.items.filter(({ key, value: services }) => {
    const had = services.items.length;
    services.items = services.items.filter(({ key: service, value: scopes }) => {
      const keyOf = (item: ScopeList["items"][number]) =>
        grantKey({ identity: key.value, service: service.value, ...scopeOf(item) });
      scopes.items = scopes.items.filter((item) => !gone.has(keyOf(item)));
      return scopes.items.length > 0;
    });
    return had === 0 || services.items.length > 0 || added.has(key.value);
  });
  for (const [name, { grants }] of added) {
    let entry = identities.items.find(({ key }) => key.value === name);
    if (!entry) {
      entry = document.createPair(name, {}) as unknown as IdentityEntry;
      identities.items.push(entry);
    }
    for (const { service, scope, where } of grants) {
      const item = where === undefined ? scope : { scope, where };
      const list = entry.value.items.find(({ key }) => key.value === service)?.value;
      if (list) list.items.push(document.createNode(item) as unknown as ScopeList["items"][number]);
      else entry.value.items.push(document.createPair(service, [item]) as unknown as ServiceEntry);
    }
  }
  return document.toString({ lineWidth: 0 });
}

import { compareText, timeText } from "../text.js";
import { diffEndpoint } from "./diff-endpoint.js";
import type { Endpoint, Inventory, InventoryBot } from "./inventory.js";
import { changeKinds, comeAndGo, type InventoryChange } from "./inventory-change.js";

/**
 * Compares two inventories. A caller is gone when it has called before, and not within the window of the later inventory; a
 * state that the later inventory had no source for (no project, no scan) is not compared.
 *
 * @returns The changes, in the order of {@link changeKinds}, then by subject.
 */
export function diffInventory(before: Inventory, after: Inventory): InventoryChange[] {
  const was = new Map(before.endpoints.map((endpoint) => [endpoint.name, endpoint]));
  const is = new Map(after.endpoints.map((endpoint) => [endpoint.name, endpoint]));
  const changes: InventoryChange[] = [];
  for (const endpoint of after.endpoints) {
    const earlier = was.get(endpoint.name);
    if (earlier) changes.push(...diffEndpoint(earlier, endpoint, before, after));
    else changes.push({ kind: "method-added", subject: endpoint.name, text: addedText(endpoint) });
  }
  for (const { name, lastCallAt } of before.endpoints)
    if (!is.has(name)) changes.push({ kind: "method-removed", subject: name, text: removedText(name, lastCallAt) });
  if (before.sources.fleet && after.sources.fleet) changes.push(...diffBots(before.bots, after.bots));
  return changes.sort(inOrder);
}

/** A bot that is retired or revoked is gone. */
function diffBots(before: readonly InventoryBot[], after: readonly InventoryBot[]): InventoryChange[] {
  const present = (bots: readonly InventoryBot[]) =>
    new Set(bots.filter((bot) => (bot.retiredAt ?? bot.revokedAt) === undefined).map(({ name }) => name));
  return comeAndGo(
    (name) => name,
    [present(before), present(after)],
    ["bot-added", (name) => `${name} is a bot of the fleet now.`],
    ["bot-gone", (name) => `${name} is a bot of the fleet no longer.`],
  );
}

function addedText({ name, policy, states }: Endpoint): string {
  const access = !policy
    ? "its policy is not known"
    : policy.anyBot
      ? "any bot may call it"
      : `it needs ${policy.scopes.join(", ")}`;
  return `${name} is new${states.includes("undeclared") ? " and not declared" : ""}: ${access}.`;
}

function removedText(name: string, lastCallAt: number | undefined): string {
  const last =
    lastCallAt === undefined ? "no call of it was on record" : `its last call on record was at ${timeText(lastCallAt)}`;
  return `${name} is gone: ${last}.`;
}

function inOrder(a: InventoryChange, b: InventoryChange): number {
  const by = changeKinds.indexOf(a.kind) - changeKinds.indexOf(b.kind);
  return by || compareText(a.subject, b.subject) || compareText(a.text, b.text);
}

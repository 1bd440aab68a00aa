import { plural } from "../text.js";
import type { Inventory } from "./inventory.js";
import { countStates } from "./select-endpoints.js";

/** Says in a sentence what an inventory has, for example `12 endpoints of 4 services, and 6 bots: 9 used, 2 unused, 1 unknown.` */
export function summarize({ endpoints, bots, sources }: Inventory): string {
  const counts = countStates(endpoints);
  const services = new Set(endpoints.map(({ service }) => service)).size;
  const parts = [
    `${counts.used} used`,
    `${counts.unused} unused`,
    `${counts.unknown} unknown`,
    ...(counts.deprecated > 0 ? [`${counts.deprecated} deprecated`] : []),
    ...(counts["past sunset"] > 0 ? [`${counts["past sunset"]} past sunset`] : []),
    ...(counts.retired > 0 ? [`${counts.retired} retired`] : []),
    ...(sources.project || counts.undeclared > 0 ? [`${counts.undeclared} undeclared`] : []),
  ];
  const last = parts.pop();
  const of = `${plural(endpoints.length, "endpoint")} of ${plural(services, "service")}`;
  return `${of}${sources.fleet ? `, and ${plural(bots.length, "bot")}` : ""}: ${parts.join(", ")} and ${last}.`;
}

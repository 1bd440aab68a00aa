import { readFile } from "node:fs/promises";
import { parseSnapshot, summarize } from "@interlock/audit";

const inventory = parseSnapshot(await readFile("inventory.json", "utf8"));

console.log(summarize(inventory));
for (const { name, states, owner, unknown } of inventory.endpoints) {
  if (states.includes("undeclared")) console.log(`${name}: ask ${owner ?? "around"}`, ...unknown);
  if (states.includes("unused")) console.log(`${name}: retire it?`);
}

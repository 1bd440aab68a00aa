import { readFile } from "node:fs/promises";
import { type Manifest, matchesIdentity } from "@interlock/policy";

const manifest: Manifest = JSON.parse(await readFile("interlock.manifest.json", "utf8"));

for (const { methods } of manifest.services) {
  for (const { path, policy } of methods) {
    const scopes = policy.anyBot ? "any bot" : policy.scopes.join(" ");
    console.log(`${path}  ${policy.risk}  ${scopes}`);
  }
}

console.log(matchesIdentity("gripper/*", "gripper/1"));

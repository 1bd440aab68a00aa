import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

/** What to do where there is no Keycloak. */
export const withoutKeycloak =
  "Keycloak is not here: node scripts/keycloak.mjs fetches it with Java and Maven; set INTERLOCK_KEYCLOAK to what it prints";

/** The folder of the Keycloak that is tested with, INTERLOCK_KEYCLOAK; `undefined` where there is none, or no Java. */
export function findKeycloak(): string | undefined {
  const home = process.env.INTERLOCK_KEYCLOAK;
  if (!home || !existsSync(join(home, "bin/kc.sh"))) return undefined;
  return spawnSync("java", ["-version"], { stdio: "ignore" }).status === 0 ? home : undefined;
}

// Applies the grants, and gives each new bot a join token: node admit.mjs <grants.yaml> <name>=<folder> …
// Each folder is the volume of one bot. A bot with an identity there gets no token.
import { execFileSync } from "node:child_process";
import { existsSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [grants, ...bots] = process.argv.slice(2);
if (!grants || bots.length === 0) throw new Error("usage: node admit.mjs <grants.yaml> <name>=<folder> …");

const interlock = (...args) => JSON.parse(execFileSync("interlock", [...args, "--json"], { encoding: "utf8" }));

interlock("grants", "apply", grants);
for (const bot of bots) {
  const [name, folder] = bot.split("=");
  if (existsSync(join(folder, "state/identity.pem"))) continue;
  const { joinToken } = interlock("invite", name);
  const path = join(folder, "join-token");
  writeFileSync(`${path}.new`, joinToken, { mode: 0o400 });
  renameSync(`${path}.new`, path);
  console.log(`${name} may join`);
}

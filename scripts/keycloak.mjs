// Fetches Keycloak for the tests of its tokens, and prints the folder: INTERLOCK_KEYCLOAK="$(node scripts/keycloak.mjs)"
// It needs Java 17 or later, and Maven, which gets the distribution from its registry. 177 MB are kept in the user's cache, for the next time.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

const version = "26.7.3";
const digest = "27a6535553c3cdcd083872ba40629efafb3475e3b758e0c6f691395561dd0f1f";
const artifact = `org.keycloak:keycloak-quarkus-dist:${version}:zip`;
const plugin = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1";
const minutes = 60_000;

const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "interlock");
const home = join(cache, `keycloak-${version}`);
const ready = join(home, "interlock-ready");

if (!existsSync(ready)) await fetchKeycloak();
process.stdout.write(`${home}\n`);

async function fetchKeycloak() {
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "fetch-"));
  try {
    maven("copy", folder);
    const zip = join(folder, `keycloak-quarkus-dist-${version}.zip`);
    const hash = createHash("sha256");
    await pipeline(createReadStream(zip), hash);
    const found = hash.digest("hex");
    if (found !== digest) throw new Error(`the SHA-256 of Keycloak ${version} is ${found}, and not ${digest}`);
    maven("unpack", folder);
    rmSync(home, { recursive: true, force: true });
    renameSync(join(folder, `keycloak-${version}`), home);
  } finally {
    rmSync(folder, { recursive: true });
  }
  // Options that Keycloak fixes when it is built. Built once, it starts in a third of the time.
  run("bash", [join(home, "bin/kc.sh"), "build", "--db=dev-mem", "--https-client-auth=request"], 4 * minutes, home);
  writeFileSync(ready, "");
}

function maven(goal, folder) {
  const args = ["-B", "-q", `${plugin}:${goal}`, `-Dartifact=${artifact}`, `-DoutputDirectory=${folder}`];
  run("mvn", args, 5 * minutes, folder); // Maven leaves files in the folder where it runs.
}

/** Its output is shown on standard error: standard output is for the folder. */
function run(command, args, timeout, cwd) {
  execFileSync(command, args, { stdio: ["ignore", process.stderr, process.stderr], timeout, cwd });
}

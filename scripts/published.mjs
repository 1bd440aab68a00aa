// The packages that are published, and what each offers: read from package.json, so that a new one is never forgotten.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** The published packages: their folder and their package.json, in the order of their folders' names. */
export function publishedPackages() {
  return readdirSync(join(root, "packages"))
    .map((name) => join(root, "packages", name))
    .filter((folder) => existsSync(join(folder, "package.json"))) // Only what is built may be left of one that is gone.
    .map((folder) => ({ folder, manifest: JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) }))
    .filter(({ manifest }) => !manifest.private);
}

/**
 * The entries that users may import, as a list of specifier (`@interlock/bot/protocol`) and declaration file. `./internal`
 * is for sister packages and is not among them.
 */
export function publicEntries() {
  return publishedPackages().flatMap(({ folder, manifest }) =>
    Object.entries(manifest.publishConfig?.exports ?? manifest.exports ?? {})
      .filter(([path, target]) => path !== "./internal" && target?.types)
      .map(([path, target]) => ({ specifier: manifest.name + path.slice(1), types: join(folder, target.types) })),
  );
}

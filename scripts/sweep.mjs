// Removes what was compiled from sources that are gone, which tsc leaves and mocha would run, and declaration maps, which
// are no longer made: they point to sources that are not shipped. scripts/bundle.mjs looks after its own folder.
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const compiled = /(\.d\.ts|\.js)(\.map)?$/;

export function sweep() {
  for (const folder of ["bench", "test", ...["packages", "examples", "testing"].flatMap(foldersIn)]) {
    const dist = join(root, folder, "dist");
    if (!existsSync(dist)) continue;
    const bundle = join(dist, "bundle/");
    const files = readdirSync(dist, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    for (const file of files
      .map(({ parentPath, name }) => join(parentPath, name))
      .filter((name) => compiled.test(name))) {
      if (file.startsWith(bundle)) continue;
      const source = join(root, folder, "src", relative(dist, file).replace(compiled, ".ts"));
      if (!existsSync(source) || file.endsWith(".d.ts.map")) rmSync(file);
    }
  }
}

function foldersIn(parent) {
  return existsSync(join(root, parent)) ? readdirSync(join(root, parent)).map((name) => join(parent, name)) : [];
}

// Removes compiled files whose sources are gone: tsc leaves them, and mocha would run them.
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const compiled = /(\.d\.ts|\.js)(\.map)?$/;

export function sweep() {
  for (const folder of ["bench", "test", ...["packages", "examples", "testing"].flatMap(foldersIn)]) {
    const dist = join(root, folder, "dist");
    if (!existsSync(dist)) continue;
    const files = readdirSync(dist, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    for (const file of files
      .map(({ parentPath, name }) => join(parentPath, name))
      .filter((name) => compiled.test(name))) {
      const source = join(root, folder, "src", relative(dist, file).replace(compiled, ".ts"));
      if (!existsSync(source)) rmSync(file);
    }
  }
}

function foldersIn(parent) {
  return existsSync(join(root, parent)) ? readdirSync(join(root, parent)).map((name) => join(parent, name)) : [];
}

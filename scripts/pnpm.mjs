// The pinned pnpm, on a machine that has nothing but Node and npm.
import { readFileSync } from "node:fs";

/** The command that runs the pinned pnpm with `pnpmArgs`, through the npm that runs this script. */
export function pnpm(...pnpmArgs) {
  const { packageManager } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return npmExec(packageManager, "pnpm", ...pnpmArgs);
}

/** The command that runs a program of a package from the registry, through the npm that runs this script. */
export function npmExec(packageName, ...command) {
  const npm = process.env.npm_execpath;
  // With --package, because under `npx -p node@24 npm test` the environment names another.
  const exec = ["exec", "--yes", `--package=${packageName}`, "--", ...command];
  return npm?.endsWith(".js") ? [process.execPath, npm, ...exec] : ["npm", ...exec];
}

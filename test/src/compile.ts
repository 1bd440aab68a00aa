import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { root } from "./structure/source-graph.js";

const run = promisify(execFile);

const tsconfig = {
  compilerOptions: {
    target: "es2023",
    module: "nodenext",
    strict: true,
    erasableSyntaxOnly: true,
    skipLibCheck: true,
    noEmit: true,
    types: ["node"],
  },
  include: ["*.ts"],
};

/** Type-checks the TypeScript files of a folder, as a user's compiler would. Returns the errors of each file by its name. */
export async function compile(dir: string): Promise<ReadonlyMap<string, readonly string[]>> {
  await writeFile(join(dir, "tsconfig.json"), JSON.stringify(tsconfig));
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const output = await run(process.execPath, [tsc, "-p", dir, "--pretty", "false"]).catch((error) => error);
  const errors = new Map<string, string[]>();
  // An error starts with its position; the explaining lines are indented.
  for (const error of output.stdout.split(/\n(?=\S)/).filter(Boolean)) {
    const file = basename(/^(.+?)\(\d+,\d+\): error/.exec(error)?.[1] ?? error);
    errors.set(file, [...(errors.get(file) ?? []), error.trim()]);
  }
  return errors;
}

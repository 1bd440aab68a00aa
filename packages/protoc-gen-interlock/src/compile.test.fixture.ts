import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { TempWorkspace } from "./temp-workspace.test.fixture.js";

const compilerOptions = {
  target: "es2023",
  lib: ["es2023"],
  module: "nodenext",
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  verbatimModuleSyntax: true,
  erasableSyntaxOnly: true,
  isolatedDeclarations: true,
  declaration: true,
  types: ["node"],
  rootDir: ".",
  outDir: "dist",
};

/** Compiles files of a workspace into `dist`, with options as strict as a user may have. Fails with what tsc says. */
export async function compile(workspace: TempWorkspace, included: { files: string[] } | { include: string[] }) {
  await workspace.write("package.json", '{ "type": "module" }');
  await workspace.write("tsconfig.json", JSON.stringify({ compilerOptions, ...included }));
  const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");
  await promisify(execFile)(process.execPath, [tsc, "-p", workspace.path]).catch((error: { stdout: string }) =>
    assert.fail(`tsc says\n${error.stdout}`),
  );
}

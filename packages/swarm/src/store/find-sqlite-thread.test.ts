import assert from "node:assert/strict";
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { findSqliteThread } from "./find-sqlite-thread.js";

describe("findSqliteThread", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), "interlock-bundle-")));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const bundle = () => pathToFileURL(join(folder, "main.mjs")).href;

  it("finds it beside the package's own module", () => {
    assert.equal(
      pathToFileURL(findSqliteThread(import.meta.resolve("./open-task-store.js"))).href,
      import.meta.resolve("./sqlite-thread.js"),
    );
  });

  it("finds it beside a bundle, with any ending of JavaScript", async () => {
    for (const name of ["sqlite-thread.cjs", "sqlite-thread.mjs", "sqlite-thread.js"]) {
      await writeFile(join(folder, name), "");
      assert.equal(findSqliteThread(bundle()), join(folder, name));
    }
  });

  it("finds it in the installed package", async () => {
    const installed = join(folder, "node_modules/@interlock/swarm");
    await mkdir(installed, { recursive: true });
    const manifest = { name: "@interlock/swarm", exports: { "./sqlite-thread": "./thread.js" } };
    await writeFile(join(installed, "package.json"), JSON.stringify(manifest));
    await writeFile(join(installed, "thread.js"), "");
    assert.equal(findSqliteThread(bundle()), join(installed, "thread.js"));
  });

  it("says what to do where there is none", () => {
    assert.throws(() => findSqliteThread(bundle()), {
      code: "FAILED_PRECONDITION",
      message: /bundle "@interlock\/swarm\/sqlite-thread" as a second entry called sqlite-thread/,
    });
  });

  it("looks beside the program when the module has no URL", () => {
    const [, program = ""] = process.argv;
    process.argv[1] = join(folder, "main.cjs");
    try {
      assert.throws(() => findSqliteThread(undefined), { message: new RegExp(`not beside ${folder}`) });
    } finally {
      process.argv[1] = program;
    }
  });
});

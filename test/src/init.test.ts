import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installedPackages } from "./installed-packages.js";
import { isOffline, npm, npmOk } from "./npm.js";

// The first steps of a user, with the packages as they would be published.
describe("interlock init", () => {
  let dir: string;
  let project: string;

  before(async function () {
    this.timeout(180_000);
    dir = await mkdtemp(join(tmpdir(), "interlock-init-"));
    project = join(dir, "cafe");
    try {
      const installed = await installedPackages();
      await npmOk(installed, "exec", "--", "interlock", "init", project);
      await npmOk(project, "install", "--prefer-offline");
    } catch (error) {
      if (!isOffline(error)) throw error;
      console.log(`skipped: npm cannot reach its registry\n${error}`);
      this.skip();
    }
  });
  after(() => rm(dir, { recursive: true, force: true }));

  it("creates a project that passes its own test unchanged", async () => {
    const { output } = await npmOk(project, "test");
    assert.match(output, /3 passing/);
  }).timeout(120_000);

  it("creates a project whose build fails on a method without a policy", async () => {
    const proto = join(project, "protos/cafe/gripper/v1/gripper.proto");
    const before = await readFile(proto, "utf8");
    const grip = /(rpc Grip\(GripRequest\) returns \(GripResponse\)) \{.*?\};\s*\}/s;
    await writeFile(proto, before.replace(grip, "$1;"));

    const plain = await npm(project, "exec", "--", "interlock", "generate");
    assert.equal(plain.code, 1);
    assert.match(plain.output, /gripper\.proto:\d+.*Grip/);

    const forPrograms = await npm(project, "exec", "--", "interlock", "generate", "--json");
    assert.equal(forPrograms.code, 1);
    const { ok, error } = JSON.parse(forPrograms.stdout);
    assert.deepEqual([ok, error.code], [false, "INVALID_ARGUMENT"]);
    assert.match(error.message, /Grip/);

    await writeFile(proto, before);
    const mended = await npmOk(project, "exec", "--", "interlock", "generate", "--json");
    assert.equal(JSON.parse(mended.stdout).ok, true);
  });
});

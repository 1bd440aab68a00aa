import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { generate } from "./generate.js";
import { GenerateError } from "./generate-error.js";
import { type TempWorkspace, tempWorkspace } from "./temp-workspace.test.fixture.js";

const message = (name: string) => `syntax = "proto3";\npackage cafe.v1;\nmessage ${name} {}\n`;
const service = `syntax = "proto3";
package cafe.v1;
import "cafe/v1/a.proto";
import "interlock/policy/v1/policy.proto";
service S {
  rpc Do(A) returns (A) { option (interlock.policy.v1.access) = {any_bot: true purpose: "x"}; }
}
`;

describe("generate", () => {
  let workspace: TempWorkspace;
  const run = (options = {}) => generate({ workspace: workspace.path, protos: "protos", out: "src/gen", ...options });
  const faultsOf = (promise: Promise<unknown>) =>
    promise.then(
      () => assert.fail("it succeeded"),
      (error: unknown) => (error instanceof GenerateError ? error : assert.fail(String(error))),
    );

  beforeEach(async () => {
    workspace = await tempWorkspace();
    await workspace.write("protos/cafe/v1/a.proto", message("A"));
  });
  afterEach(() => workspace.remove());

  it("replaces its earlier output, and leaves it unchanged on failure", async () => {
    await workspace.write("protos/cafe/v1/s.proto", service);
    const first = await run();
    assert.deepEqual(first.files, [
      "cafe/v1/a.ts",
      "cafe/v1/s.ts",
      "cafe/v1/s_interlock.ts",
      "interlock.descriptors.b64",
      "interlock.descriptors.ts",
      "interlock.manifest.json",
      "interlock.runtime.ts",
    ]);
    assert.deepEqual(
      first.manifest.services.map(({ name, methods }) => [name, methods.map(({ path }) => path)]),
      [["cafe.v1.S", ["/cafe.v1.S/Do"]]],
    );

    await workspace.write("protos/cafe/v1/s.proto", "message {");
    const { message: text, faults } = await faultsOf(run());
    assert.match(text, /^protos\/cafe\/v1\/s\.proto:1:1: \S/);
    assert.equal(faults[0], text.split("\n")[0]);
    assert.match(await readFile(join(workspace.path, "src/gen/cafe/v1/s_interlock.ts"), "utf8"), /export const S:/);

    await workspace.write("protos/cafe/v1/s.proto", message("B"));
    assert.deepEqual((await run()).files, [
      "cafe/v1/a.ts",
      "cafe/v1/s.ts",
      "interlock.manifest.json",
      "interlock.runtime.ts",
    ]);
    assert.deepEqual(await readdir(join(workspace.path, "src")), ["gen"]);
    assert.deepEqual(await readdir(join(workspace.path, "src/gen/cafe/v1")), ["a.ts", "s.ts"]);
  });

  it("does not replace a folder that it has not generated", async () => {
    await workspace.write("src/gen/mine.ts", "");
    const { message, faults } = await faultsOf(run());
    assert.match(message, /src[/\\]gen holds no interlock\.manifest\.json/);
    assert.deepEqual(faults, []);
    assert.deepEqual(await readdir(join(workspace.path, "src/gen")), ["mine.ts"]);
  });

  it("reads modules from buf.yaml, follows links, and generates only the given paths", async () => {
    const path = "node_modules/@interlock/policy/protos";
    await workspace.write("buf.yaml", `version: v2\nmodules:\n  - path: api/protos\n  - path: ${path}\n`);
    await workspace.write("api/protos/cafe/v1/a.proto", message("A"));
    await workspace.write("api/protos/cafe/v1/s.proto", service);
    await workspace.write("api/protos/cafe/v2/b.proto", message("B").replace("v1", "v2"));
    const { files } = await run({ protos: "api/protos", paths: ["cafe/v1/s.proto"] });
    assert.deepEqual(files, [
      "cafe/v1/a.ts",
      "cafe/v1/s.ts",
      "cafe/v1/s_interlock.ts",
      "interlock.descriptors.b64",
      "interlock.descriptors.ts",
      "interlock.manifest.json",
      "interlock.runtime.ts",
    ]);
  });

  it("writes the descriptors of each proto file once in code, however many services need them", async () => {
    for (let i = 0; i < 20; i++) {
      await workspace.write(`protos/cafe/v1/s${i}.proto`, service.replace("service S", `service S${i}`));
    }
    const { files } = await run();
    const code = files.filter((file) => file.endsWith(".ts"));
    const texts = await Promise.all(code.map((file) => readFile(join(workspace.path, "src/gen", file), "utf8")));
    // `descriptor.proto` alone takes 20 kB.
    assert(texts.reduce((sum, text) => sum + text.length, 0) < 120_000);
  });

  it("reports that there is nothing to generate from", async () => {
    const { message } = await faultsOf(run({ paths: ["tea"] }));
    assert.match(message, /^no \.proto files were targeted/);
    const missing = await faultsOf(run({ protos: "proto" }));
    assert.match(missing.message, /^The folder of the proto files cannot be read; name it from .*: ENOENT/);
  });
});

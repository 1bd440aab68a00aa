import assert from "node:assert/strict";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { descriptorsFile } from "protoc-gen-interlock";
import { findMethod } from "./find-method.js";
import { fullServiceName } from "./find-service.js";
import { generateProject, rpc, type TestProject } from "./generate-project.test.fixture.js";

const arm = (name: string) => `syntax = "proto3";
package ${name};
import "common/v1/point.proto";
import "interlock/policy/v1/policy.proto";
message MoveRequest { common.v1.Point to = 1; int64 big = 2; map<string, int32> steps = 3; }
message MoveResponse {}
service Arm { ${rpc("Move", "MoveRequest", "MoveResponse")} }
`;

/** Every character that a path, a URL, a pattern or a shell could take for its own. */
const protos = "pro#tos %41?ü";

const files = {
  "buf.yaml": JSON.stringify({
    version: "v2",
    modules: [{ path: protos }, { path: "sha#red" }, { path: "node_modules/@interlock/policy/protos" }],
  }),
  [`${protos}/acme/v1/arm.proto`]: arm("acme.v1"),
  [`${protos}/plant/acme/v1/arm.proto`]: arm("plant.acme.v1"),
  "sha#red/common/v1/point.proto": 'syntax = "proto3";\npackage common.v1;\nmessage Point { int32 grid_x = 1; }\n',
};

describe("the method that interlock call is given", () => {
  let project: TestProject;
  before(async () => {
    project = await generateProject(files, "a#b c%41?[*]ü", { protos, out: "src/g#en,1" });
  });
  after(() => project.remove());

  const find = (name: string) => findMethod(name, { protos: join(project.folder, protos), manifest: project.manifest });
  const serviceOf = async (name: string) => (await find(name)).service.name;

  it("is found by its full name, also beside a service whose name ends with that", async () => {
    assert.equal(await serviceOf("acme.v1.Arm/Move"), "acme.v1.Arm");
    assert.equal(await serviceOf("/acme.v1.Arm/Move"), "acme.v1.Arm");
    assert.equal(await serviceOf("plant.acme.v1.Arm/Move"), "plant.acme.v1.Arm");
    await assert.rejects(find("Arm/Move"), { message: /several services called "Arm"; there are: acme.v1.Arm, plant/ });
    await assert.rejects(find("acme.v1.Arn/Move"), {
      message: /no service "acme.v1.Arn" \(did you mean acme.v1.Arm\?\)/,
    });
    await assert.rejects(find("acme.v1.Arm/Mov"), { message: /no method "Mov" \(did you mean Move\?\)/ });
    await assert.rejects(find("acme.v1.Arm"), { message: /no method ""; there are: Move/ });
    await assert.rejects(find("acme.v1.Arm/constructor"), { code: "NOT_FOUND" });
    assert.equal(await fullServiceName("acme.v1.Arm", "nowhere"), "acme.v1.Arm");
    await assert.rejects(fullServiceName("Arm", project.manifest), { message: /several services/ });
  });

  it("has messages of every module of buf.yaml", async () => {
    const { read, write, warning } = await find("acme.v1.Arm/Move");
    assert.equal(Buffer.from(read('{"to": {"grid_x": 3}}') as Uint8Array).toString("hex"), "0a020803");
    assert.deepEqual(write(new Uint8Array()), {});
    assert.equal(warning, undefined);
  });

  it("says what to do about a manifest or descriptors that are damaged", async () => {
    const descriptors = join(dirname(project.manifest), descriptorsFile);
    const [good, manifest] = [await readFile(descriptors, "utf8"), await readFile(project.manifest, "utf8")];
    for (const text of ["", "AAAA", "{}"]) {
      await writeFile(descriptors, text);
      await assert.rejects(find("acme.v1.Arm/Move"), {
        code: "FAILED_PRECONDITION",
        message: /run "interlock generate"/,
      });
    }
    await writeFile(descriptors, good);
    for (const text of ["", "null", "{}", "[]", '{"services":[null]}', '{"services":[{"name":"a"}]}']) {
      await writeFile(project.manifest, text);
      await assert.rejects(find("A/B"), {
        code: "FAILED_PRECONDITION",
        message: /is damaged: run "interlock generate"/,
      });
    }
    await writeFile(project.manifest, manifest);
  });

  describe("where only the manifest was copied", () => {
    const folder = process.cwd();
    before(async () => {
      await rename(join(dirname(project.manifest), descriptorsFile), join(project.folder, "kept"));
      process.chdir(project.folder);
    });
    after(() => process.chdir(folder));

    it("has the messages of the proto files, of every module, and says so", async () => {
      const { read, warning } = await find("acme.v1.Arm/Move");
      assert.match(`${warning}`, /no interlock\.descriptors\.b64 beside the manifest/);
      assert.deepEqual(read('{"to": {"gridX": 3}, "big": 9007199254740993}'), {
        to: { gridX: 3 },
        big: "9007199254740993",
      });
      for (const [text, problem] of [
        ['{"to": {"gridX": 3.5}}', /"to.gridX" cannot be 3.5/],
        ['{"too": 1}', /no field "too"/],
        ['{"to": {}, "to": {}}', /"to" is given twice/],
        ['{"__proto__": {}, "toString": {}}', /no field "__proto__".*no field "toString"/],
        ["[]", /write an object/],
      ] as const) {
        assert.throws(() => read(text), { code: "INVALID_ARGUMENT", message: problem });
      }
    });

    it("names a file that cannot be found, or that only the compiler can read", async () => {
      const point = join(project.folder, "sha#red/common/v1/point.proto");
      const path = join(project.folder, protos, "acme/v1/arm.proto");
      const text = await readFile(path, "utf8");
      for (const [change, problem] of [
        [text.replace('"proto3"', '"proto2"'), /acme\/v1\/arm.proto is not in proto3: run "interlock generate"/],
        [text.replace('syntax = "proto3"', 'edition = "2023"'), /is not in proto3/],
        [text.replace("big = 2", 'big = 2 [json_name = "Big"]'), /another name in JSON/],
        [text.replace("{ common", "{{ common"), /arm.proto cannot be read: .*copy interlock.descriptors.b64/],
        [text.replace("Move(", "Shift("), /do not have acme.v1.Arm\/Move, as the manifest does/],
      ] as const) {
        await writeFile(path, change);
        await assert.rejects(find("acme.v1.Arm/Move"), { code: "FAILED_PRECONDITION", message: problem });
      }
      await writeFile(path, `// import "not/this.proto";\n${text}`);
      await find("acme.v1.Arm/Move");
      await rm(point);
      await assert.rejects(find("acme.v1.Arm/Move"), {
        code: "FAILED_PRECONDITION",
        message:
          /^common\/v1\/point\.proto is in none of the folders .*sha#red.*: name its folder with --protos, or run "inter/,
      });
    });
  });
});

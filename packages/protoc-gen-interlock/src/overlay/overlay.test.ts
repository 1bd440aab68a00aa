import assert from "node:assert/strict";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { createFileRegistry, fromBinary, getOption, toJson } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { generate } from "../generate.js";
import { GenerateError } from "../generate-error.js";
import { type TempWorkspace, tempWorkspace } from "../temp-workspace.test.fixture.js";
import { locatePolicies } from "./locate-policies.js";

const policyImport = 'import "interlock/policy/v1/policy.proto";\n';
const own = 'option (interlock.policy.v1.access) = {any_bot: true purpose: "Own."};';

const arm = (move = ";", head = "", service = "") => `syntax = "proto3";
package vendor.arm.v1;
${head}message Pose {}
service ArmService {
  ${service}
  rpc Move(Pose) returns (Pose)${move}
  rpc Where(Pose) returns (stream Pose);
}
`;

const policies = `services:
  vendor.arm.v1.ArmService:
    owner: cell-3@cafe.example
    served_by: ["arm/*"]
    methods:
      Move:
        scopes: ["arm:move"]
        purpose: Move the arm.
        risk: RISK_HIGH
        data_classes: [DATA_CLASS_INTERNAL]
        callers: ["leader/*"]
        rate: { per_second: 2.5, burst: 4 }
        deprecation: { since: 2030-01-01, replacement: vendor.arm.v1.ArmService/Where }
        worst_case: It hits somebody.
      Where: { any_bot: true, purpose: "Say where the arm is." }
`;

const access = `option (interlock.policy.v1.access) = {
    scopes: ["arm:move"] purpose: "Move the arm." risk: RISK_HIGH data_classes: [DATA_CLASS_INTERNAL] callers: ["leader/*"]
    rate: {per_second: 2.5 burst: 4}
    deprecation: {since: "2030-01-01" replacement: "vendor.arm.v1.ArmService/Where"}
    worst_case: "It hits somebody."
  };`;

describe("the overlay", () => {
  let workspace: TempWorkspace;
  const run = (options = {}) => generate({ workspace: workspace.path, protos: "protos", out: "gen", ...options });
  const read = (file: string) => readFile(join(workspace.path, "gen", file), "utf8");
  const faults = async (text: string, proto = arm()): Promise<readonly string[]> => {
    await workspace.write("protos/vendor/arm/v1/arm.proto", proto);
    await workspace.write("policies.yaml", text);
    return run().then(
      () => assert.fail("it was generated"),
      (error: unknown) => (error instanceof GenerateError ? error.message.split("\n") : assert.fail(String(error))),
    );
  };

  beforeEach(async () => {
    workspace = await tempWorkspace();
    await workspace.write("buf.yaml", "version: v2\nmodules: [{path: protos}]\n");
  });
  afterEach(() => workspace.remove());

  it("gives the code, the manifest and the descriptors that options in the proto file would give", async () => {
    await workspace.write("protos/vendor/arm/v1/arm.proto", arm());
    await workspace.write("policies.yaml", policies);
    const { files, manifest } = await run();
    const overlaid = await Promise.all(files.map(read));
    assert.deepEqual(manifest.services[0]?.methods[0]?.policy, {
      scopes: ["arm:move"],
      anyBot: false,
      purpose: "Move the arm.",
      risk: "high",
      dataClasses: ["internal"],
      callers: ["leader/*"],
      rate: { perSecond: 2.5, burst: 4 },
      deprecation: { since: "2030-01-01", replacement: "vendor.arm.v1.ArmService/Where" },
      worstCase: "It hits somebody.",
    });

    await workspace.write(
      "buf.yaml",
      `version: v2\nmodules: [{path: protos}, {path: node_modules/@interlock/policy/protos}]\n`,
    );
    const facts = 'option (interlock.policy.v1.service) = {owner: "cell-3@cafe.example" served_by: ["arm/*"]};';
    const where = `{option (interlock.policy.v1.access) = {any_bot: true purpose: "Say where the arm is."};}`;
    const text = arm(` {${access}}`, policyImport, facts).replace("(stream Pose);", `(stream Pose) ${where}`);
    await workspace.write("protos/vendor/arm/v1/arm.proto", text);
    await rm(join(workspace.path, "policies.yaml"));
    assert.deepEqual((await run()).files, files);
    for (const [i, file] of files.entries()) {
      if (file.includes("descriptors")) continue; // The order of options and imports is that of the file.
      assert.equal(await read(file), overlaid[i], file);
    }
  });

  it("is in the descriptors, with the file that has the options", async () => {
    await workspace.write("protos/vendor/arm/v1/arm.proto", arm());
    await workspace.write("policies.yaml", policies);
    await run();
    const set = fromBinary(FileDescriptorSetSchema, Buffer.from(await read("interlock.descriptors.b64"), "base64"));
    const registry = createFileRegistry(set);
    const option = registry.getExtension("interlock.policy.v1.access") ?? assert.fail("no option");
    const move = registry.getService("vendor.arm.v1.ArmService")?.method.move ?? assert.fail("no Move");
    const json = toJson(option.message ?? assert.fail("no message"), getOption(move, option) as never);
    assert.equal((json as { purpose?: string }).purpose, "Move the arm.");
    assert(move.parent.file.dependencies.some(({ proto }) => proto.name === "interlock/policy/v1/policy.proto"));
  });

  it("is refused where a method or a service does not exist, at its line", async () => {
    const wrong = policies
      .replace("Where:", "Were:")
      .replace(/$/, "  vendor.arm.v1.HandService:\n    methods: { A: {} }\n");
    assert.deepEqual(await faults(wrong), [
      "policies.yaml:16:3: vendor.arm.v1.HandService is no service of the proto files: write its full name, or remove it",
      "policies.yaml:17:19: is no mapping with content: write the fields of the policy of vendor.arm.v1.HandService/A below it",
      "policies.yaml:15:7: vendor.arm.v1.ArmService/Were is no method of that service; it has Move, Where",
    ]);
  });

  it("is refused where the proto file has the option already", async () => {
    const modules = "modules: [{path: protos}, {path: node_modules/@interlock/policy/protos}]";
    await workspace.write("buf.yaml", `version: v2\n${modules}\n`);
    const facts = 'option (interlock.policy.v1.service) = {owner: "x"};';
    assert.deepEqual(await faults(policies, arm(` {${own}}`, policyImport, facts)), [
      "policies.yaml:2:3: vendor.arm.v1.ArmService has the option (interlock.policy.v1.service) in vendor/arm/v1/arm.proto:5:1 already: remove it from policies.yaml",
      "policies.yaml:6:7: vendor.arm.v1.ArmService/Move has the option (interlock.policy.v1.access) in vendor/arm/v1/arm.proto:7:3 already: remove it from policies.yaml",
    ]);
  });

  it("is refused for unknown fields and wrong values, each at its place", async () => {
    const text = `services:
  vendor.arm.v1.ArmService:
    onwer: x
    methods:
      Move:
        scope: ["arm:move"]
        purpose:
        risk: 99
        any_bot: "yes"
        callers: leader/*
        data_classes: [DATA_CLASS_PUBLIC, 5]
        rate: { per_second: fast, each: 1 }
      Where: { any_bot: true, purpose: x, risk: HIGH }
`;
    const at = "vendor.arm.v1.ArmService";
    const fields = "scopes, any_bot, purpose, risk, data_classes, callers, rate, deprecation, worst_case, approval";
    assert.deepEqual(
      (await faults(text)).map((fault) => fault.replace(fields, "…")),
      [
        `policies.yaml:3:5: ${at} has the unknown field "onwer"; the fields are owner, description, served_by, via`,
        `policies.yaml:6:9: ${at}/Move has the unknown field "scope"; the fields are …`,
        `policies.yaml:7:9: ${at}/Move has no value for "purpose": write one, or remove the field`,
        `policies.yaml:8:15: ${at}/Move has a wrong value for "risk": write RISK_LOW, RISK_MEDIUM, RISK_HIGH, RISK_CRITICAL`,
        `policies.yaml:9:18: ${at}/Move has a wrong value for "any_bot": write true or false`,
        `policies.yaml:10:18: ${at}/Move has a wrong value for "callers": write a list of texts`,
        `policies.yaml:11:23: ${at}/Move has a wrong value for "data_classes": write a list of DATA_CLASS_PUBLIC, DATA_CLASS_INTERNAL, DATA_CLASS_CONFIDENTIAL, DATA_CLASS_PERSONAL, DATA_CLASS_SECRET`,
        `policies.yaml:12:29: ${at}/Move has a wrong value for "per_second": write a number`,
        `policies.yaml:12:35: ${at}/Move has the unknown field "each"; the fields are per_second, burst`,
        `policies.yaml:13:49: ${at}/Where has a wrong value for "risk": write RISK_LOW, RISK_MEDIUM, RISK_HIGH, RISK_CRITICAL`,
      ],
    );
  });

  it("passes the same gate: a faulty policy is refused at its line, and a method without any where it stands", async () => {
    const text = policies.replace("arm:move", "Arm").replace(/ {6}Where.*\n/, "");
    const line = "protos/vendor/arm/v1/arm.proto:7:3: vendor.arm.v1.ArmService/Where";
    assert.deepEqual(await faults(text), [
      'policies.yaml:6:7: vendor.arm.v1.ArmService/Move has the scope "Arm", which is not resource:action in lower case',
      `${line} has no access policy: add option (interlock.policy.v1.access), or write it in policies.yaml`,
    ]);
  });

  it("is refused for YAML that is broken, ambiguous or too large", async () => {
    const table: readonly [text: string, fault: RegExp][] = [
      ["services: [", /^policies\.yaml:1:12: Flow sequence/],
      ["", /^policies\.yaml:1:1: is empty/],
      ["service: {}", /^policies\.yaml:1:1: has the key "service"; the only key here is "services"/],
      [policies.replace("Where:", "Move:"), /^policies\.yaml:15:7: has the key "Move" twice: keep one of them/],
      [policies.replace("burst: 4", "burst: 4, burst: 5"), /^policies\.yaml:12:44: has the key "burst" twice/],
      [
        policies.replace("arm.v1.ArmService:", "arm.v1.ArmService: &a").replace(/$/, "  other: *a\n"),
        /^policies\.yaml:16:10: is an alias/,
      ],
      ["[".repeat(100_000), /^policies\.yaml:1:1: has more than 16 brackets/],
      ["&a ".repeat(1_000), /^policies\.yaml:1:1: is full of anchors/],
      [`#${"x".repeat(1_048_576)}`, /^policies\.yaml:1:1: has more than 1048576 bytes/],
    ];
    for (const [text, expected] of table) assert.match((await faults(text))[0] ?? "", expected);
  });

  it("may have services of files that a run does not generate", async () => {
    await workspace.write("protos/vendor/arm/v1/arm.proto", arm());
    await workspace.write(
      "protos/b.proto",
      'syntax = "proto3"; package b; message M {} service S { rpc Do(M) returns (M); }',
    );
    await workspace.write("policies.yaml", `${policies}  b.S: { methods: { Do: { any_bot: true, purpose: x } } }\n`);
    const { manifest } = await run({ paths: ["vendor"] });
    assert.deepEqual(
      manifest.services.map(({ name }) => name),
      ["vendor.arm.v1.ArmService"],
    );
    assert.deepEqual(
      (await run()).manifest.services.map(({ name }) => name),
      ["b.S", "vendor.arm.v1.ArmService"],
    );
  });

  it("says where its policies stand", () => {
    assert.deepEqual(
      [...locatePolicies(policies)],
      [
        ["vendor.arm.v1.ArmService", { line: 2, column: 3 }],
        ["vendor.arm.v1.ArmService/Move", { line: 6, column: 7 }],
        ["vendor.arm.v1.ArmService/Where", { line: 15, column: 7 }],
      ],
    );
    assert.equal(locatePolicies("services: [").size, 0);
  });
});

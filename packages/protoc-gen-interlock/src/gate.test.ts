import assert from "node:assert/strict";
import { generate } from "./generate.js";
import { GenerateError } from "./generate-error.js";
import { tempWorkspace } from "./temp-workspace.test.fixture.js";

const head = `syntax = "proto3";
package cafe.v1;
import "interlock/policy/v1/policy.proto";
message Empty {}
`;

const imported = 'import "cafe/imported/v1/i.proto";';

/** An rpc's access option, and the fault that the gate reports. */
const table: readonly [name: string, access: string | undefined, ...faults: string[]][] = [
  ["Sound", `any_bot: true purpose: "Fine."`],
  ["Bare", undefined, "has no access policy: add option (interlock.policy.v1.access)"],
  ["Neither", `purpose: "x"`, 'has neither scopes nor any_bot: write scopes: ["resource:action"] or any_bot: true'],
  ["Both", `any_bot: true scopes: "a:b" purpose: "x"`, "has both scopes and any_bot: keep one of them"],
  ["NoPurpose", "any_bot: true", "has an empty purpose: write in one sentence what it is for"],
  ["Blank", `any_bot: true purpose: "  "`, "has an empty purpose: write in one sentence what it is for"],
  [
    "Scope",
    `scopes: ["a:b", "Gripper"] purpose: "x"`,
    'has the scope "Gripper", which is not resource:action in lower case',
  ],
  ["Caller", `any_bot: true purpose: "x" callers: "**/a"`, 'has the caller "**/a", which is not an identity pattern'],
  ["Rate", `any_bot: true purpose: "x" rate: {burst: 3}`, "has a rate that is not above zero: set per_second"],
  [
    "Infinite",
    `any_bot: true purpose: "x" rate: {per_second: inf}`,
    "has a rate that is not above zero: set per_second",
  ],
  [
    "Deprecated",
    `any_bot: true purpose: "x" deprecation: {since: "May" sunset: "2026-02-30"}`,
    'is deprecated since "May", which is not a date (YYYY-MM-DD)',
    'has the sunset "2026-02-30", which is not a date (YYYY-MM-DD)',
  ],
  [
    "SunsetFirst",
    `any_bot: true purpose: "x" deprecation: {since: "2030-05-02" sunset: "2030-05-01"}`,
    "has the sunset 2030-05-01, before its deprecation on 2030-05-02",
  ],
  ["SameDay", `any_bot: true purpose: "x" deprecation: {since: "2030-05-02" sunset: "2030-05-02"}`],
  [
    "Past",
    `any_bot: true purpose: "x" deprecation: {since: "2029-01-01" sunset: "2030-01-01"}`,
    "is past its sunset of 2030-01-01: remove the method, set a later day, or generate with --allow-past",
  ],
  ["Tomorrow", `any_bot: true purpose: "x" deprecation: {since: "2029-01-01" sunset: "2030-01-02"}`],
  ...[
    "cafe.v1.BadService/Gone",
    "cafe.v1.Gone",
    "/cafe.v1.BadService/Sound",
    "cafe.v1.BadService/Sound/x",
    "Sound",
  ].map((replacement, i): [string, string, string] => [
    `Replaced${i}`,
    `any_bot: true purpose: "x" deprecation: {since: "2029-01-01" replacement: "${replacement}"}`,
    `has the replacement "${replacement}", which is no method of these files or their imports: write package.Service/Method, and import its file`,
  ]),
  [
    "Successor",
    `any_bot: true purpose: "x" deprecation: {since: "2029-01-01" replacement: "cafe.v1.BadService/Sound"}`,
  ],
  [
    "Imported",
    `any_bot: true purpose: "x" deprecation: {since: "2029-01-01" replacement: "cafe.imported.v1.Imported/Do"}`,
  ],
  ["NoSince", `any_bot: true purpose: "x" deprecation: {}`, 'is deprecated since "", which is not a date (YYYY-MM-DD)'],
  [
    "Approved",
    `any_bot: true purpose: "x" approval: APPROVAL_EVERY_CALL`,
    "has an approval and any_bot: write scopes, because approvals come with tokens",
  ],
  ["ApprovedOne", `scopes: ["a:b"] purpose: "x" approval: APPROVAL_DELEGATED`],
  [
    "ApprovedMany",
    `scopes: ["a:b"] purpose: "x" approval: APPROVAL_DELEGATED`,
    "has an approval and takes a stream: an operator can approve one message only",
  ],
  ["GetAPIKey", `any_bot: true purpose: "x"`],
  [
    "get_api_key",
    "any_bot: true",
    "has an empty purpose: write in one sentence what it is for",
    "has the name getApiKey in TypeScript, as GetAPIKey has: rename one of them",
  ],
];

describe("the gate", () => {
  it("reports exactly the faults, with file, line and method", async () => {
    const workspace = await tempWorkspace();
    try {
      const rpcs = table.map(([name, access]) => {
        const option = access === undefined ? ";" : ` {option (interlock.policy.v1.access) = {${access}};}`;
        const stream = name === "ApprovedMany" ? "stream " : "";
        return `  rpc ${name}(${stream}Empty) returns (Empty)${option}\n`;
      });
      const service = `service BadService {\n${rpcs.join("")}}\n`;
      await workspace.write("protos/cafe/v1/bad.proto", `${head}${service}`.replace("message", `${imported} message`));
      const other = "service Imported { rpc Do(Empty) returns (Empty); }";
      await workspace.write("imported/cafe/imported/v1/i.proto", head.replace("v1;", "imported.v1;") + other);
      const modules = ["protos", "imported", "node_modules/@interlock/policy/protos"].map((path) => ({ path }));
      await workspace.write("buf.yaml", JSON.stringify({ version: "v2", modules }));
      await workspace.write(
        "protos/cafe/v1/owned.proto",
        `${head.replace("Empty", "Other")}service Owned {\n  option (interlock.policy.v1.service) = {served_by: "a//b" via: "c*"};\n}\n`,
      );
      const expected = table.flatMap(([name, , ...faults], i) =>
        faults.map((fault) => `protos/cafe/v1/bad.proto:${i + 6}:3: cafe.v1.BadService/${name} ${fault}`),
      );
      expected.push(
        'protos/cafe/v1/owned.proto:5:1: cafe.v1.Owned has served_by "a//b", which is not an identity pattern',
        'protos/cafe/v1/owned.proto:5:1: cafe.v1.Owned has via "c*", which is not an identity pattern',
      );
      const now = Date.parse("2030-01-01T12:00:00Z");
      await assert.rejects(generate({ workspace: workspace.path, protos: "protos", out: "gen", now }), (error) => {
        assert(error instanceof GenerateError);
        assert.deepEqual(error.faults, expected);
        assert.equal(error.message, expected.join("\n"));
        return true;
      });
    } finally {
      await workspace.remove();
    }
  });

  it("generates what is past its sunset where that is allowed, and what only proto calls deprecated", async () => {
    const workspace = await tempWorkspace();
    try {
      const access = `option (interlock.policy.v1.access) = {any_bot: true purpose: "x"`;
      const past = `${access} deprecation: {since: "2020-01-01" sunset: "2021-01-01"}};`;
      const old = `rpc Old(Empty) returns (Empty) {${past}}`;
      const bare = `rpc Bare(Empty) returns (Empty) {${access}};}`;
      const service = `service S {\n  option deprecated = true;\n  ${old}\n  ${bare}\n}\n`;
      await workspace.write("protos/s.proto", `${head}${service}`);
      const options = { workspace: workspace.path, protos: "protos", out: "gen" };
      await assert.rejects(
        generate(options),
        /^GenerateError: protos\/s\.proto:7:3: cafe\.v1\.S\/Old is past its sunset/,
      );
      const { manifest } = await generate({ ...options, allowPast: true });
      assert.deepEqual(
        manifest.services[0]?.methods.map(({ policy }) => policy.deprecation),
        [{ since: "2020-01-01", sunset: "2021-01-01" }, {}],
      );
    } finally {
      await workspace.remove();
    }
  });

  it("cannot be bypassed by leaving out the import", async () => {
    const workspace = await tempWorkspace();
    try {
      const service = `service S {\n  rpc Do(Empty) returns (Empty);\n}\n`;
      await workspace.write("protos/s.proto", `${head.replace(/import.*\n/, "")}${service}`);
      await assert.rejects(generate({ workspace: workspace.path, protos: "protos", out: "gen" }), {
        message: "protos/s.proto:5:3: cafe.v1.S/Do has no access policy: add option (interlock.policy.v1.access)",
      });
    } finally {
      await workspace.remove();
    }
  });
});

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createFileRegistry, fromBinary, getOption, toJson } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { type AnyMethod, type Manifest, type ServiceDefinition, serviceFaults } from "@interlock/policy";
import { compile } from "./compile.test.fixture.js";
import { generate } from "./generate.js";
import { type TempWorkspace, tempWorkspace } from "./temp-workspace.test.fixture.js";

describe("generated code", () => {
  let workspace: TempWorkspace;
  let manifest: Manifest;
  let services: Record<string, ServiceDefinition>;

  before("generate, compile and import", async () => {
    workspace = await tempWorkspace({ testdata: true });
    ({ manifest } = await generate({ workspace: workspace.path, protos: "protos", out: "gen" }));
    await compile(workspace, { files: ["types.ts"] });
    services = await import(pathToFileURL(join(workspace.path, "dist/gen/cafe/rich/v1/rich_interlock.js")).href);
  });
  after(() => workspace.remove());

  const service = (name: string) => services[name] ?? assert.fail(`no ${name}`);
  const method = (key: string, of = "RichService"): AnyMethod => service(of).methods[key] ?? assert.fail(`no ${key}`);

  it("holds the service's facts and each method's policy", () => {
    const { name, owner, description, servedBy, via, methods } = service("RichService");
    assert.deepEqual(
      { name, owner, description, servedBy, via },
      {
        name: "cafe.rich.v1.RichService",
        owner: "cell-3@cafe.example",
        description: 'Says "hello".',
        servedBy: ["rich/*"],
        via: ["gateway/*", "edge/**"],
      },
    );
    assert.ok(!("via" in service("Empty")));
    assert.deepEqual(methods.grip?.policy, {
      scopes: ["gripper:actuate", "gripper:observe"],
      anyBot: false,
      purpose: "Close the gripper on one item.",
      risk: "high",
      dataClasses: ["internal", "personal"],
      callers: ["leader/*", "ops/**"],
      rate: { perSecond: 2.5, burst: 3 },
      deprecation: { since: "2026-01-31", sunset: "2127-01-31", replacement: "cafe.other.v1.OtherService" },
      worstCase: "A hand is crushed. // and */ hurt nobody",
      approval: "everyCall",
    });
    assert.deepEqual(service("Empty").methods.constructor$?.policy.deprecation, {}, "by proto's own option");
    assert.equal(methods.talk?.policy.deprecation, undefined);
    assert.deepEqual(methods.watchForce?.policy, {
      scopes: [],
      anyBot: true,
      purpose: "Stream the force.",
      risk: "medium",
      dataClasses: [],
      callers: [],
      rate: { perSecond: 5, burst: 7 },
    });
    assert.deepEqual(Object.values(services).flatMap(serviceFaults), []);
  });

  it("says which methods may be called again, where the proto file does", () => {
    const levels = ["grip", "watchForce", "uploadApiLog"].map((key) => method(key).idempotency);
    assert.deepEqual(levels, ["idempotent", "noSideEffects", undefined]);
  });

  it("has the path and kind of every method", () => {
    const found = Object.values(services).flatMap(({ methods }) =>
      Object.entries(methods).map(([key, { path, kind }]) => [key, path, kind]),
    );
    assert.deepEqual(found, [
      ["then$", "/cafe.rich.v1.Empty/Then", "unary"],
      ["constructor$", "/cafe.rich.v1.Empty/Constructor", "unary"],
      ["deleteItem", "/cafe.rich.v1.Empty/delete_item", "unary"],
      ["grip", "/cafe.rich.v1.RichService/Grip", "unary"],
      ["watchForce", "/cafe.rich.v1.RichService/WatchForce", "serverStreaming"],
      ["uploadApiLog", "/cafe.rich.v1.RichService/UploadAPILog", "clientStreaming"],
      ["talk", "/cafe.rich.v1.RichService/Talk", "bidiStreaming"],
    ]);
  });

  // The input of each codec, and the expected output.
  const messages: readonly [of: string, key: string, side: "request" | "response", message: object][] = [
    [
      "RichService",
      "grip",
      "request",
      {
        options: { deadlineNanos: -(2n ** 63n), limit: 2n ** 64n - 1n },
        target: { $case: "item", value: { newtons: 4.5 } },
        weights: { left: 2n ** 53n + 1n, right: 0n },
        hands: [1, 0],
        attempts: 0,
        at: new Date("2026-01-31T12:00:00.250Z"),
        other: { label: "cup" },
        picture: Uint8Array.of(0, 255),
        note: "",
        extra: { a: [1, "b", null], c: { d: true } },
      },
    ],
    ["RichService", "watchForce", "request", { deadlineNanos: 1n, limit: 2n }],
    ["RichService", "watchForce", "response", { newtons: 1.5 }],
    ["RichService", "uploadApiLog", "request", { label: "a" }],
    ["RichService", "uploadApiLog", "response", {}],
    ["RichService", "talk", "request", { name: "a" }],
    ["RichService", "talk", "response", { year: 2026 }],
    ["Empty", "then$", "response", { seconds: 1n, nanos: 2 }],
    ["Empty", "constructor$", "request", { value: "a" }],
    ["Empty", "constructor$", "response", { fields: { a: { b: [1] } } }],
    ["Empty", "deleteItem", "request", { itemId: "a" }],
    ["Empty", "deleteItem", "response", { gone: true }],
  ];
  for (const [of, key, side, message] of messages) {
    it(`carries the ${side} of ${of}.${key}`, () => {
      const codec = method(key, of)[side];
      const decoded = codec.decode(codec.encode(codec.fromPartial(message)).finish());
      // A Buffer and a Uint8Array count as equal.
      assert.deepEqual(decoded.picture ? { ...decoded, picture: Uint8Array.from(decoded.picture) } : decoded, message);
    });
  }

  it("contains its own descriptors, for reflection", () => {
    const set = fromBinary(FileDescriptorSetSchema, Buffer.from(service("RichService").descriptors ?? "", "base64"));
    assert.deepEqual(
      set.file.filter((file) => file.sourceCodeInfo),
      [],
    );
    const registry = createFileRegistry(set);
    const access = registry.getExtension("interlock.policy.v1.access") ?? assert.fail("no access option");
    const grip = registry.getService("cafe.rich.v1.RichService")?.method.grip ?? assert.fail("no Grip");
    const option = toJson(access.message ?? assert.fail("no message"), getOption(grip, access) as never);
    assert.equal((option as { purpose?: string }).purpose, "Close the gripper on one item.");
    assert.equal(service("Empty").descriptors, service("RichService").descriptors);
    assert.deepEqual(set.file.map(({ name }) => name).sort(), [...new Set(set.file.map(({ name }) => name))].sort());
  });

  it("comes with the manifest of everything, by name", () => {
    assert.deepEqual(
      manifest.services.map(({ name, file, methods }) => [name, file, methods.length]),
      [
        ["cafe.other.v1.OtherService", "cafe/other/v1/other.proto", 1],
        ["cafe.rich.v1.Empty", "cafe/rich/v1/rich.proto", 3],
        ["cafe.rich.v1.RichService", "cafe/rich/v1/rich.proto", 4],
      ],
    );
    const { policy, ...watch } = manifest.services[2]?.methods[1] ?? assert.fail("no WatchForce");
    assert.deepEqual(policy, method("watchForce").policy);
    assert.deepEqual(watch, {
      name: "WatchForce",
      path: "/cafe.rich.v1.RichService/WatchForce",
      kind: "serverStreaming",
      idempotency: "noSideEffects",
      request: "cafe.rich.v1.GripRequest.Options",
      response: "cafe.rich.v1.Item",
    });
  });

  it("has the comments of the proto file as documentation", async () => {
    const text = await readFile(join(workspace.path, "gen/cafe/rich/v1/rich_interlock.ts"), "utf8");
    assert(
      text.startsWith("// Code generated by protoc-gen-interlock. DO NOT EDIT.\n// Source: cafe/rich/v1/rich.proto\n"),
    );
    assert(
      text.includes("\n/** RichService has all kinds of call. // and *\\/ hurt nobody */\nexport const RichService:"),
    );
    assert(
      text.includes(`  /**
   * Grip closes the gripper.
   *
   *   It takes a second.
   *
   * Needs \`gripper:actuate\`, \`gripper:observe\`; risk: high.
   *
   * The worst that could happen: A hand is crushed. // and *\\/ hurt nobody
   *
   * @deprecated since 2026-01-31, refused from 2127-01-31; use cafe.other.v1.OtherService
   */
  grip: Method<GripRequest, GripResponse, "unary">;
`),
    );
    assert(text.includes('import { Item as cafe_other_v1_Item } from "../../other/v1/other.js";'));
    // The messages contain nothing of the policy's own files.
    assert(!(await readFile(join(workspace.path, "gen/cafe/rich/v1/rich.ts"), "utf8")).includes("policy"));
  });
});

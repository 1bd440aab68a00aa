import assert from "node:assert/strict";
import { compile } from "../compile.test.fixture.js";
import { generate } from "../generate.js";
import { GenerateError } from "../generate-error.js";
import { type TempWorkspace, tempWorkspace } from "../temp-workspace.test.fixture.js";

const words = (text: string) => text.trim().split(/\s+/);

const keywords = words(`
  abstract accessor any arguments as asserts assert async await bigint boolean break case catch class const constructor
  continue debugger declare default defer delete do else enum eval export extends false finally for from function get
  global if implements import in infer instanceof interface intrinsic is keyof let module namespace never new null number
  object of out override package private protected public readonly require return satisfies set static string super
  switch symbol this throw true try type typeof undefined unique unknown using var void while with yield
`);
const types = words(`
  Partial Required Readonly Record Pick Omit Exclude Extract NonNullable Parameters ReturnType Awaited ReadonlyArray
  ArrayLike PromiseLike Iterable Iterator IterableIterator AsyncIterable PropertyKey NodeJS
`);
const generated = words(`
  Builtin DeepPartial KeysOfUnion Exact MessageFns BinaryReader BinaryWriter StructWrapperFns protobufPackage
  protobufFileName toTimestamp fromTimestamp createBaseThing Timestamp Struct Value ListValue FieldMask Duration
  StringValue Any Empty Method ServiceDefinition InterlockMethod InterlockServiceDefinition fileDescriptorSet file0
  reader writer message tag end entry1 end2 previousRecursionDepth base input length acc key value e v m t date
  Thing Thing_FieldsEntry UNRECOGNIZED NullValue DateMessage
`);
const inherited = words(`
  hasOwnProperty isPrototypeOf propertyIsEnumerable toLocaleString toString valueOf __proto__ __defineGetter__ then toJSON
  prototype name caller apply call bind
`);
const isIdentifier = (name: string) => /^[A-Za-z_]\w*$/.test(name);
const names = [
  ...new Set([
    ...Object.getOwnPropertyNames(globalThis).filter(isIdentifier),
    ...keywords,
    ...types,
    ...generated,
    ...inherited,
  ]),
];

const header = (name: string, imported = "") => `syntax = "proto3";
package ${name};
import "google/protobuf/field_mask.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
import "interlock/policy/v1/policy.proto";
${imported}`;
// Something of each kind of generated code.
const fields = `string a = 1; map<string, int32> fields = 2; map<int64, bytes> c = 3; google.protobuf.Timestamp d = 4;
  google.protobuf.Struct f = 5; repeated google.protobuf.Value g = 6; google.protobuf.StringValue h = 7; bytes i = 8;
  google.protobuf.FieldMask j = 9; optional uint64 k = 10; repeated double l = 11; repeated google.protobuf.Timestamp m = 12;`;
const access = `{ option (interlock.policy.v1.access) = { any_bot: true purpose: "x" }; }`;

/** A message for each type, which uses it as a field of each kind. */
const users = (types: readonly string[]) =>
  types
    .map(
      (type, i) =>
        `message Uses${i} { ${type} a = 1; repeated ${type} b = 2; optional ${type} c = 3; map<string, ${type}> d = 4; oneof f { ${type} g = 5; } }\n`,
    )
    .join("");

type Kind = (names: readonly string[]) => string;

/** One line for each name; so the line of a fault says which name it is about. */
const kinds: Readonly<Record<string, Kind>> = {
  messages: (list) =>
    `${header("messages")}${list.map((name) => `message ${name} { string a = 1; map<int64, bytes> b = 2; }\n`).join("")}` +
    `message Uses { ${fields} }\n${users(list.map((name) => `.messages.${name}`))}` +
    `service Serves { ${list.map((name, i) => `rpc M${i}(.messages.${name}) returns (stream Uses) ${access}`).join("\n")} }`,
  enums: (list) =>
    `${header("enums")}${list.map((name, i) => `enum ${name} { A${i} = 0; B${i} = 1; }\n`).join("")}` +
    `message Uses { ${fields} }\n${users(list.map((name) => `.enums.${name}`))}`,
  values: (list) =>
    `${header("values")}${list.map((name, i) => `message V${i} { enum E_ { ${name} = 0; } E_ e_ = 1; }\n`).join("")}`,
  fields: (list) => `${header("fields")}${list.map((name, i) => `message F${i} { string ${name} = 1; }\n`).join("")}`,
  maps: (list) =>
    `${header("maps")}${list.map((name, i) => `message F${i} { map<string, string> ${name} = 1; }\n`).join("")}`,
  oneofs: (list) =>
    `${header("oneofs")}${list.map((name, i) => `message F${i} { oneof ${name} { string x = 1; int64 y = 2; } }\n`).join("")}`,
  cases: (list) =>
    `${header("cases")}${list.map((name, i) => `message F${i} { oneof x { string ${name} = 1; int64 y_ = 2; } }\n`).join("")}`,
  methods: (list) =>
    `${header("methods")}message A {}\nservice S {\n${list.map((name) => `rpc ${name}(A) returns (A) ${access}\n`).join("")}}`,
  services: (list) =>
    `${header("services")}message A_ { ${fields} }\n${list.map((name) => `service ${name} { rpc Do(A_) returns (stream A_) ${access} }\n`).join("")}`,
};

describe("names that mean something in TypeScript", () => {
  let workspace: TempWorkspace;
  before(async () => {
    workspace = await tempWorkspace();
  });
  after(() => workspace.remove());

  const write = async (lists: ReadonlyMap<string, readonly string[]>) => {
    for (const [kind, list] of lists) await workspace.write(`protos/${kind}.proto`, kinds[kind]?.(list) ?? "");
    const imported = `${header("imports", 'import "messages.proto";\n')}`;
    const all = users((lists.get("messages") ?? []).map((name) => `.messages.${name}`));
    await workspace.write("protos/imports.proto", `${imported}message Imports { ${fields} }\n${all}`);
  };

  it("are refused with their line, or compile", async () => {
    const run = () => generate({ workspace: workspace.path, protos: "protos", out: "gen" });
    const all = new Map(Object.keys(kinds).map((kind) => [kind, names] as const));
    await write(all);
    const error = await run().then(
      () => assert.fail("nothing is refused"),
      (one: unknown) => (one instanceof GenerateError ? one : assert.fail(String(one))),
    );
    const refused = new Map<string, Set<string>>();
    for (const fault of error.faults) {
      const [, kind = "", line = "", name = ""] =
        /^protos\/(\w+)\.proto:(\d+):\d+: [\w.]+[./](\w+) has /.exec(fault) ?? assert.fail(fault);
      assert(kinds[kind]?.(names).split("\n")[Number(line) - 1]?.includes(` ${name}`), fault);
      refused.set(kind, new Set([...(refused.get(kind) ?? []), name]));
    }
    // Names of things are free unless TypeScript leaves no choice.
    for (const name of ["Map", "Math", "BigInt", "Object", "Error", "Promise", "Date", "Timestamp", "Buffer", "type"]) {
      for (const kind of ["messages", "enums"]) assert(!refused.get(kind)?.has(name), `${kind} ${name}`);
    }
    await write(new Map([...all].map(([kind, list]) => [kind, list.filter((name) => !refused.get(kind)?.has(name))])));
    await run();
    await compile(workspace, { include: ["gen"] });
  });
});

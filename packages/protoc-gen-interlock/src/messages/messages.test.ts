import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { compile } from "../compile.test.fixture.js";
import { generate } from "../generate.js";
import { type TempWorkspace, tempWorkspace } from "../temp-workspace.test.fixture.js";

const protos = {
  "maps.proto": `syntax = "proto3";
package maps;
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
enum Size { SIZE_UNSPECIFIED = 0; SIZE_LARGE = 1; }
message Grant { bool admin = 1; }
message Maps {
  map<string, Grant> grants = 1;
  map<string, string> texts = 2;
  map<string, int64> longs = 3;
  map<string, bytes> bytes = 4;
  map<string, Size> sizes = 5;
  map<string, google.protobuf.Timestamp> times = 6;
  map<string, google.protobuf.StringValue> wrapped = 7;
  map<string, google.protobuf.Value> values = 8;
  map<string, google.protobuf.Struct> structs = 9;
  google.protobuf.Struct extra = 10;
  google.protobuf.Value any = 11;
  oneof one { google.protobuf.Struct chosen = 12; Maps inner = 13; }
  map<int32, Grant> numbered = 14;
}
`,
  "times.proto": `syntax = "proto3";
package times;
import "google/protobuf/timestamp.proto";
message Times {
  google.protobuf.Timestamp at = 1;
  repeated google.protobuf.Timestamp all = 2;
  oneof one { google.protobuf.Timestamp chosen = 3; }
}
message Raw { message Time { int64 seconds = 1; int32 nanos = 2; } Time at = 1; repeated Time all = 2; Time chosen = 3; }
`,
  "newer.proto": `syntax = "proto3";
package newer;
message Order { string id = 1; int64 price = 100000; repeated string notes = 3; Item item = 4; oneof k { Item a = 5; } }
message Item { string name = 1; fixed32 a = 2; double b = 3; bytes raw = 4; }
`,
  "older.proto": `syntax = "proto3";
package older;
message Order { string id = 1; Item item = 4; oneof k { Item a = 5; } }
message Item {}
`,
  "edition.proto": `edition = "2023";
package ed;
message All {
  int32 count = 1;
  string text = 2;
  bool flag = 3;
  Size size = 4;
  repeated int32 packed = 5;
  repeated int32 expanded = 6 [features.repeated_field_encoding = EXPANDED];
  int32 implicit = 7 [features.field_presence = IMPLICIT];
  Nested nested = 8;
  message Nested { uint64 n = 1; map<string, Nested> more = 2; }
  oneof k { string a = 9; int32 b = 10; }
}
enum Size { SIZE_UNSPECIFIED = 0; SIZE_LARGE = 1; }
`,
  "two.proto": `syntax = "proto2";
package two;
message Old { optional int32 count = 1; optional string text = 2; repeated int32 many = 3; optional Size size = 4; }
enum Size { SMALL = 1; LARGE = 2; }
`,
};

// biome-ignore lint/suspicious/noExplicitAny: the modules are generated, so no type is known here.
type Message = any;
type Codec = { encode(m: Message): BinaryWriter; decode(b: Uint8Array): Message; fromPartial(m: Message): Message };

describe("generated messages", () => {
  let workspace: TempWorkspace;
  let codecs: Readonly<Record<string, Readonly<Record<string, Codec>>>>;
  before("generate, compile and import", async () => {
    workspace = await tempWorkspace();
    for (const [file, text] of Object.entries(protos)) await workspace.write(`protos/${file}`, text);
    await generate({ workspace: workspace.path, protos: "protos", out: "gen" });
    await compile(workspace, { include: ["gen"] });
    const names = Object.keys(protos).map((file) => file.replace(".proto", ""));
    const modules = names.map((name) => import(pathToFileURL(join(workspace.path, `dist/gen/${name}.js`)).href));
    codecs = Object.fromEntries((await Promise.all(modules)).map((module, i) => [names[i], module]));
  });
  after(() => workspace.remove());

  const codec = (file: string, name: string): Codec => codecs[file]?.[name] ?? assert.fail(`no ${file} ${name}`);
  const bytes = (of: Codec, message: Message) => of.encode(of.fromPartial(message)).finish();
  const through = (of: Codec, message: Message): Message => of.decode(bytes(of, message));

  describe("with a map key __proto__", () => {
    const entry = (value: unknown): Message => JSON.parse(`{"__proto__": 0, "b": 0}`, (_, v) => (v === 0 ? value : v));
    const cases: readonly [field: string, value: unknown][] = [
      ["grants", { admin: true }],
      ["texts", "x"],
      ["longs", 7n],
      ["bytes", Uint8Array.of(1)],
      ["sizes", 1],
      ["times", new Date(1_000)],
      ["wrapped", "x"],
      ["values", { admin: true }],
      ["structs", { admin: true }],
      ["extra", { admin: true }],
      ["any", { admin: true }],
    ];
    for (const [field, value] of cases) {
      it(`keep it as a key, and as nothing else: ${field}`, () => {
        const given = entry(value);
        const maps = codec("maps", "Maps");
        for (const message of [maps.fromPartial({ [field]: given }), through(maps, { [field]: given })]) {
          const map = message[field];
          assert.equal(Object.getPrototypeOf(map), Object.prototype);
          assert.deepEqual(Object.keys(map), ["__proto__", "b"]);
          assert.deepEqual(Object.getOwnPropertyDescriptor(map, "__proto__")?.value, map.b);
          assert.equal(map.admin, undefined);
        }
      });
    }

    it("at any depth", () => {
      const message = { one: { $case: "inner", value: { extra: { list: [{ deep: entry({ admin: true }) }] } } } };
      const { one } = through(codec("maps", "Maps"), message);
      const { deep } = one.value.extra.list[0];
      assert.equal(deep.admin, undefined);
      assert.deepEqual(Object.keys(deep), ["__proto__", "b"]);
      assert.equal(({} as Message).admin, undefined);
    });
  });

  describe("with a time", () => {
    const times: readonly [iso: string, seconds: bigint, nanos: number][] = [
      ["1969-12-31T23:59:59.999Z", -1n, 999_000_000],
      ["1969-12-31T23:59:58.500Z", -2n, 500_000_000],
      ["1970-01-01T00:00:00.000Z", 0n, 0],
      ["1901-02-03T04:05:06.007Z", -2_174_586_894n, 7_000_000],
      ["0001-01-01T00:00:00.000Z", -62_135_596_800n, 0],
      ["9999-12-31T23:59:59.999Z", 253_402_300_799n, 999_000_000],
    ];
    for (const [iso, seconds, nanos] of times) {
      it(`write nanoseconds that are not negative, and read the same: ${iso}`, () => {
        const at = new Date(iso);
        const message = { at, all: [at], one: { $case: "chosen", value: at } };
        const written = bytes(codec("times", "Times"), message);
        const raw = { seconds, nanos };
        assert.deepEqual(codec("times", "Raw").decode(written), { at: raw, all: [raw], chosen: raw });
        assert.deepEqual(codec("times", "Times").decode(written), message);
      });
    }

    it("read the millisecond that it lies in", () => {
      const written = bytes(codec("times", "Raw"), { at: { seconds: -1n, nanos: 999_999_999 } });
      assert.equal(codec("times", "Times").decode(written).at.getTime(), -1);
    });

    it("refuse to write one that no reader accepts", () => {
      for (const at of [new Date(Number.NaN), new Date("+010000-01-01T00:00:00Z"), new Date("0000-12-31T00:00:00Z")]) {
        assert.throws(
          () => bytes(codec("times", "Times"), { at }),
          /a Timestamp is a valid time of the years 1 to 9999/,
        );
      }
    });
  });

  it("keep fields that an older schema does not have, and show nothing of them", () => {
    const item = { name: "cup", a: 5, b: -1.5, raw: Uint8Array.of(1, 2, 3) };
    const order = { id: "7", price: 2n ** 60n, notes: ["a", "b"], item, k: { $case: "a", value: item } };
    const newer = codec("newer", "Order");
    const older = codec("older", "Order");
    const seen = older.decode(bytes(newer, order));
    assert.equal(JSON.stringify(seen), '{"id":"7","item":{},"k":{"$case":"a","value":{}}}');
    // A handler passes it on whole, or with a field changed.
    for (const passed of [seen, { ...seen, id: "8" }, older.fromPartial(seen)]) {
      const { item: got, k, ...rest } = newer.decode(bytes(older, passed));
      const expected = { id: passed.id, price: order.price, notes: order.notes };
      assert.deepEqual(rest, expected);
      for (const one of [got, k.value]) assert.deepEqual({ ...one, raw: [...one.raw] }, { ...item, raw: [1, 2, 3] });
    }
  });

  it("keep many unknown fields in memory of their size", () => {
    const writer = new BinaryWriter();
    for (let i = 0; i < 200_000; i++) writer.uint32(8).uint32(1);
    const written = writer.finish();
    const item = codec("older", "Item");
    assert.deepEqual(item.encode(item.decode(written)).finish(), written);
    const [holder] = Object.getOwnPropertySymbols(item.decode(written));
    const kept = item.decode(written)[holder as symbol] as { buffer: Uint8Array };
    assert(kept.buffer.length <= 2 * written.length + 16);
  });

  it("of an edition know what was set, also to 0, and to nothing", () => {
    const all = codec("edition", "All");
    const given = {
      count: 0,
      text: "",
      flag: false,
      size: 0,
      packed: [1, 2],
      expanded: [1, 2],
      implicit: 0,
      nested: { n: 0n, more: { a: { n: undefined, more: {} } } },
      k: { $case: "b", value: 0 },
    };
    assert.deepEqual(through(all, given), given);
    // Each explicit field with its tag; the implicit one is not written.
    const text = Buffer.from(bytes(all, { count: 0, text: "", flag: false, size: 0, implicit: 0 })).toString("hex");
    assert.equal(text, "0800120018002000");
    assert.equal(Buffer.from(bytes(all, { packed: [1, 2] })).toString("hex"), "2a020102");
    assert.equal(Buffer.from(bytes(all, { expanded: [1, 2] })).toString("hex"), "30013002");
    assert.equal(all.fromPartial({}).count, undefined);
  });

  it("of proto2 know what was set as well", () => {
    const old = codec("two", "Old");
    assert.deepEqual(through(old, { count: 0, many: [] }), { count: 0, text: undefined, many: [], size: undefined });
    assert.equal(
      Buffer.from(bytes(old, { count: 0, text: "", many: [1, 2], size: 2 })).toString("hex"),
      "08001200180118022002",
    );
  });
});

describe("timestamps as messages", () => {
  it("have all nanoseconds", async () => {
    const workspace = await tempWorkspace();
    try {
      await workspace.write("protos/times.proto", protos["times.proto"]);
      await generate({ workspace: workspace.path, protos: "protos", out: "gen", timestamps: "message" });
      await compile(workspace, { include: ["gen"] });
      const { Times } = await import(pathToFileURL(join(workspace.path, "dist/gen/times.js")).href);
      const at = { seconds: -1n, nanos: 999_999_999 };
      assert.deepEqual(Times.decode(Times.encode(Times.fromPartial({ at })).finish()).at, at);
    } finally {
      await workspace.remove();
    }
  });
});

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { descriptorsFile } from "protoc-gen-interlock";
import { type FoundMethod, findMethod } from "./find-method.js";
import { generateProject, rpc, type TestProject } from "./generate-project.test.fixture.js";
import { maximumJsonDepth } from "./read-json.js";

const proto = `syntax = "proto3";
package acme.v1;
import "google/protobuf/any.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/empty.proto";
import "google/protobuf/field_mask.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
import "interlock/policy/v1/policy.proto";

enum Size {
  option allow_alias = true;
  SIZE_UNSPECIFIED = 0;
  SIZE_LARGE = 1;
  SIZE_BIG = 1;
}

message Inner {
  string name = 1;
  Inner inner = 2;
  google.protobuf.Value value = 3;
}

message All {
  string item_id = 1;
  int32 i32 = 2;
  uint32 u32 = 3;
  int64 i64 = 4;
  uint64 u64 = 5;
  float float = 6;
  double double = 7;
  bool bool = 8;
  bytes bytes = 9;
  Size size = 10;
  repeated Size sizes = 11;
  optional int32 maybe = 12;
  string other = 13 [json_name = "Another-name"];
  oneof kind {
    string text = 14;
    int32 count = 15;
    Inner inside = 16;
    google.protobuf.NullValue none = 17;
  }
  map<string, int64> by_text = 20;
  map<int32, string> by_i32 = 21;
  map<uint64, string> by_u64 = 22;
  map<bool, string> by_bool = 23;
  map<string, Inner> inners = 24;
  map<string, Size> by_size = 25;
  google.protobuf.Timestamp at = 30;
  google.protobuf.Duration for = 31;
  google.protobuf.FieldMask mask = 32;
  google.protobuf.Struct struct = 33;
  google.protobuf.Value value = 34;
  google.protobuf.ListValue list = 35;
  google.protobuf.Any any = 36;
  google.protobuf.Int64Value wrapped = 37;
  google.protobuf.BoolValue wrapped_bool = 38;
  google.protobuf.BytesValue wrapped_bytes = 39;
  google.protobuf.DoubleValue wrapped_double = 40;
  google.protobuf.NullValue null_value = 41;
  google.protobuf.Empty empty = 42;
  repeated google.protobuf.Value values = 43;
  repeated google.protobuf.Timestamp times = 44;
  sint64 s64 = 45;
  fixed64 f64 = 46;
  repeated Inner items = 47;
}

service AllService {
  ${rpc("Send", "All", "All")}
  ${rpc("At", "google.protobuf.Timestamp", "google.protobuf.Value")}
}
`;

describe("the JSON mapping of protobuf in interlock call", () => {
  let project: TestProject;
  let method: FoundMethod;
  const find = (name: string) => findMethod(name, { protos: "none", manifest: project.manifest });
  before(async () => {
    project = await generateProject({ "protos/acme/v1/all.proto": proto });
    method = await find("AllService/Send");
  });
  after(() => project.remove());

  /** What a message becomes on its way; without the fields that have their default. */
  function sent(text: string): Record<string, unknown> {
    const answer = method.write(method.read(text)) as Record<string, unknown>;
    const empty = method.write(method.read("{}")) as Record<string, unknown>;
    const isSet = ([key, value]: [string, unknown]) => JSON.stringify(value) !== JSON.stringify(empty[key]);
    return Object.fromEntries(Object.entries(answer).filter(isSet));
  }

  const same: readonly (readonly [string, string, string?])[] = [
    ["the JSON name of a field", '{"itemId":"a"}'],
    ["its name in the proto file", '{"item_id":"a"}', '{"itemId":"a"}'],
    ["a name that the proto file chose for JSON", '{"Another-name":"a"}'],
    ["the enum by name", '{"size":"SIZE_LARGE"}'],
    ["the enum by an alias", '{"size":"SIZE_BIG"}', '{"size":"SIZE_LARGE"}'],
    [
      "the enum by number",
      '{"size":1,"sizes":[1,"SIZE_BIG"]}',
      '{"size":"SIZE_LARGE","sizes":["SIZE_LARGE","SIZE_LARGE"]}',
    ],
    ["a number that the enum does not name", '{"size":7}'],
    ["64 bits as a string", '{"i64":"-9223372036854775808","u64":"18446744073709551615"}'],
    ["64 bits as a number, to its last digit", '{"i64":9007199254740993}', '{"i64":"9007199254740993"}'],
    ["whole numbers in any form", '{"i32":1e3,"u32":2.0,"i64":"1.5e1"}', '{"i32":1000,"u32":2,"i64":"15"}'],
    ["32 bits as a string", '{"i32":"-7"}', '{"i32":-7}'],
    ["what is no finite number", '{"float":"-Infinity","double":"NaN"}'],
    ["fractions", '{"float":0.5,"double":0.1}'],
    ["a fraction as a string", '{"double":"1e-3"}', '{"double":0.001}'],
    ["bytes in base64", '{"bytes":"+/8="}'],
    ["bytes in base64url without padding", '{"bytes":"-_8"}', '{"bytes":"+/8="}'],
    ["a default that is set on purpose", '{"maybe":0}'],
    ["a oneof with a default", '{"count":0}'],
    ["a oneof of which the others are null", '{"count":1,"text":null,"inside":null}', '{"count":1}'],
    ["null as a default", '{"itemId":null,"sizes":null,"byText":null,"at":null,"size":null}', "{}"],
    ["null as a value", '{"value":null,"nullValue":null,"values":[null]}', '{"value":null,"values":[null]}'],
    ["null in a oneof", '{"none":null}'],
    ["keys of maps of every kind", '{"byI32":{"-1":"a"},"byU64":{"18446744073709551615":"a"},"byBool":{"true":"a"}}'],
    ["enums in a map", '{"bySize":{"a":"SIZE_LARGE"}}'],
    ["the key __proto__ in a map", '{"byText":{"__proto__":"1"},"inners":{"__proto__":{"name":"a"}}}'],
    ["the key __proto__ in a Struct", '{"struct":{"__proto__":{"admin":true},"constructor":1}}'],
    ["a Timestamp", '{"at":"2030-01-31T08:00:00.123456789Z"}'],
    ["a Timestamp before 1970", '{"at":"1969-12-31T23:59:59.500Z"}'],
    ["a Timestamp of another zone", '{"at":"2030-01-31T09:00:00+01:00"}', '{"at":"2030-01-31T08:00:00Z"}'],
    ["the leap day", '{"at":"2000-02-29T00:00:00Z"}'],
    ["a Duration", '{"for":"-0.500s"}'],
    ["a FieldMask", '{"mask":"itemId,inside.name"}'],
    ["an empty FieldMask", '{"mask":""}'],
    ["a Struct", '{"struct":{"a":[1,"b",null,{"c":true}]},"list":[1,[2]]}'],
    ["wrappers", '{"wrapped":"0","wrappedBool":false,"wrappedBytes":"AQ==","wrappedDouble":0}'],
    ["an Any", '{"any":{"name":"a","@type":"type.googleapis.com/acme.v1.Inner"}}'],
    ["an Any with a form of its own", '{"any":{"value":"1s","@type":"type.googleapis.com/google.protobuf.Duration"}}'],
    ["an empty message", '{"empty":{}}'],
    ["any characters", '{"itemId":"\\u0000 \\ud83e\\udd16 é\\n"}', JSON.stringify({ itemId: "\u0000 🤖 é\n" })],
  ];
  for (const [name, text, expected = text] of same) {
    it(`sends ${name}`, () => assert.equal(JSON.stringify(sent(text)), JSON.stringify(JSON.parse(expected))));
  }

  const refused: readonly (readonly [string, string, RegExp])[] = [
    ["an unknown field", '{"itemid":"a"}', /no field "itemid" \(did you mean itemId\?\); there are: itemId, i32/],
    ["an unknown field further in", '{"inside":{"nmae":"a"}}', /no field "inside.nmae" \(did you mean name\?\)/],
    ["a field under both names", '{"itemId":"a","item_id":"a"}', /give only one of "itemId" and "item_id"/],
    ["a key twice", '{"itemId":"a","itemId":"b"}', /"itemId" is given twice/],
    ["a key twice, once escaped", '{"itemId":"a","item\\u0049d":"b"}', /"itemId" is given twice/],
    ["a key of a map twice", '{"byText":{"a":1,"a":2}}', /"a" is given twice/],
    ["a key of a map in two forms", '{"byI32":{"1":"a","01":"b"}}', /cannot have the key "01": write "1"/],
    ["a key of the wrong type", '{"byBool":{"yes":"a"}}', /"byBool" cannot have the key "yes": write "true"/],
    ["a key out of range", '{"byU64":{"-1":"a"}}', /cannot have the key "-1": it is not from 0/],
    ["two fields of a oneof", '{"text":"a","count":1}', /give only one of "text" and "count"/],
    [
      "an unknown enum name",
      '{"size":"SIZE_LARG"}',
      /did you mean SIZE_LARGE\?\); there are: SIZE_UNSPECIFIED, SIZE_L/,
    ],
    ["the number of an enum as a string", '{"size":"1"}', /is no value of acme.v1.Size/],
    ["a fraction for a whole number", '{"i32":1.5}', /"i32" cannot be 1.5: it is no whole number/],
    ["a number out of range", '{"i32":2147483648}', /not from -2147483648 to 2147483647/],
    ["64 bits out of range", '{"u64":18446744073709551616}', /not from 0 to 18446744073709551615/],
    ["a huge exponent", '{"i64":1e999999999}', /it is not from/],
    ["a hexadecimal number", '{"i32":"0x10"}', /it is no whole number/],
    ["an empty number", '{"i32":"","double":" 1"}', /"i32" cannot be "".*"double" cannot be " 1"/],
    ["a number above a double", '{"double":1e400}', /too large for a double/],
    ["a number above a float", '{"float":1e39}', /too large for a float/],
    ["a number below a double", '{"double":1e-400}', /too small for a double/],
    ["digits that a double loses", '{"double":9007199254740993}', /would lose digits of it, and be 9007199254740992/],
    ["digits that a Value loses", '{"value":{"a":[9007199254740993]}}', /"value.a\[0\]" cannot be 9007199254740993/],
    ["digits that a float loses", '{"float":16777217}', /a float would lose digits/],
    ["text for bool", '{"bool":"true"}', /write true or false/],
    ["a number for text", '{"itemId":7}', /write a string/],
    ["what is no base64", '{"bytes":"a b"}', /it is no base64/],
    ["base64 with bits left over", '{"bytes":"AR=="}', /it is no base64/],
    ["base64 with a character too many", '{"bytes":"AAAAA"}', /it is no base64/],
    ["half of a surrogate pair", '{"itemId":"\\ud83e"}', /half of a surrogate pair/],
    ["a day that is not there", '{"at":"2030-02-30T00:00:00Z"}', /there is no such time/],
    ["an hour that is not there", '{"at":"2030-01-01T24:00:00Z"}', /there is no such time/],
    ["a leap second", '{"at":"2016-12-31T23:59:60Z"}', /no leap second/],
    ["ten digits of a second", '{"at":"2030-01-01T00:00:00.1234567891Z"}', /up to nine digits/],
    ["a Timestamp as an object", '{"at":{"seconds":1}}', /"at" cannot be an object: write it as/],
    ["a year after 9999", '{"at":"9999-12-31T23:59:59-01:00"}', /not in the years 1 to 9999/],
    ["a Duration without its unit", '{"for":"1"}', /write seconds as "1.5s"/],
    ["more after the unit of a Duration", '{"for":"1.5s x"}', /write seconds as "1.5s"/],
    ["ten digits in a Duration", '{"for":"0.1234567891s"}', /nine digits/],
    ["a Duration that is too long", '{"for":"315576000000.1s"}', /longer than/],
    ["a path in snake_case", '{"mask":"item_id"}', /the path "item_id" must be in lowerCamelCase/],
    ["an empty path", '{"mask":"a,,b"}', /the path "" must be/],
    ["null in a list", '{"sizes":[null],"times":[null]}', /"sizes\[0\]" cannot be null: leave it out/],
    ["null in a map", '{"byText":{"a":null}}', /"byText\[\\?"a\\?"\]" cannot be null/],
    ["an object for a list", '{"sizes":{}}', /write a list/],
    ["a list for a message", '{"inside":[]}', /"inside" cannot be a list: write an object, such as {"name": …}/],
    ["an Any of another prefix", '{"any":{"@type":"example.com/acme.v1.Inner"}}', /write "type.googleapis.com\/"/],
    ["an Any of an unknown message", '{"any":{"@type":"type.googleapis.com/acme.v1.No"}}', /have no such message/],
    ["an Any without a type", '{"any":{"name":"a"}}', /"any.@type" cannot be null/],
    [
      "more in an Any than its value",
      '{"any":{"@type":"type.googleapis.com/google.protobuf.Duration","value":"1s","x":1}}',
      /no field "any.x"; there are: value/,
    ],
    [
      "the name of a built-in property",
      '{"constructor":"a","__proto__":"b"}',
      /no field "constructor".*no field "__proto/,
    ],
    ["what is no JSON", "{itemId: 1}", /it is no JSON at character 2: itemId/],
    ["JSON with more behind it", "{} {}", /it is no JSON at character 4/],
    ["a string without its end", '{"itemId":"a\\\\"', /it ends too early/],
    ["a line feed in a string", '{"itemId":"\n"}', /it is no JSON/],
    ["JSON that ends too early", '{"itemId":', /it ends too early/],
    ["a number with a leading zero", '{"i32":01}', /it is no JSON/],
    ["what is no object", "[]", /the message cannot be a list: write an object/],
  ];
  for (const [name, text, expected] of refused) {
    it(`refuses ${name}`, () => {
      assert.throws(() => method.read(text), { code: "INVALID_ARGUMENT", message: /^The message was not sent: / });
      assert.throws(() => method.read(text), { message: expected });
    });
  }

  it("bounds how deep a message is, how long, and how much is said of it", () => {
    const nested = (depth: number) => `${'{"value":['.repeat(depth / 2)}${"]}".repeat(depth / 2)}`;
    method.read(nested(maximumJsonDepth));
    assert.throws(() => method.read(nested(maximumJsonDepth + 2)), { message: /more than 100 deep/ });
    assert.throws(() => method.read("[".repeat(5_000_000)), { message: /more than 100 deep/ });
    assert.throws(() => method.read(" ".repeat(16_777_217)), { message: /longer than 16777216 characters/ });
    method.read(JSON.stringify({ itemId: "\\".repeat(4_000_000), bytes: "A".repeat(4_000_000) }));
    const wrong = JSON.stringify(Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`x${i}`, 1])));
    assert.throws(
      () => method.read(wrong),
      (error: Error) => error.message.length < 5_000,
    );
  });

  it("takes and gives messages that are no objects in JSON", async () => {
    const at = await find("acme.v1.AllService/At");
    assert.equal(Buffer.from(at.read('"1970-01-01T00:00:01Z"') as Uint8Array).toString("hex"), "0801");
    assert.throws(() => at.read("{}"), { message: /the message cannot be an object: write it as/ });
    assert.deepEqual(at.write(Buffer.from("1a0161", "hex")), "a");
  });

  it("says that the method was called when its answer has no form in JSON", async () => {
    const at = await find("AllService/At");
    assert.throws(() => at.write(new Uint8Array()), { code: "DATA_LOSS", message: /^The method was called, and its/ });
  });

  it("makes the bytes that another implementation makes of the same JSON", () => {
    const whole = same.filter(([, text]) => !text.includes('"null')).map(([, text]) => JSON.parse(text) as object);
    const { text: _, inside: __, none: ___, item_id: ____, ...all } = Object.assign({}, ...whole);
    const json = JSON.stringify({ ...all, i64: "9007199254740993" });
    const buf = join(
      dirname(createRequire(import.meta.resolve("protoc-gen-interlock")).resolve("@bufbuild/buf/package.json")),
      "bin/buf",
    );
    const image = join(project.folder, "image.binpb");
    writeFileSync(image, Buffer.from(readFileSync(join(dirname(project.manifest), descriptorsFile), "utf8"), "base64"));
    const convert = ["convert", image, "--type", "acme.v1.All", "--from", "-#format=json", "--to", "-#format=binpb"];
    const { stdout, stderr } = spawnSync(process.execPath, [buf, ...convert], { cwd: project.folder, input: json });
    assert.equal(`${stderr}`, "");
    const theirs = method.write(Uint8Array.from(stdout));
    assert.deepEqual(method.write(method.read(json)), theirs);
    assert.equal((method.read(json) as Uint8Array).length, stdout.length);
  });
});

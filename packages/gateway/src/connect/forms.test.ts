import assert from "node:assert/strict";
import { create, toBinary } from "@bufbuild/protobuf";
import { FieldDescriptorProto_Label, FieldDescriptorProto_Type, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { InterlockError } from "@interlock/bot";
import { createDescribe } from "./forms.js";

describe("the JSON of messages", () => {
  const forms = createDescribe()("test.S", descriptors())("/test.S/M");
  if (!forms) throw new Error("not described");
  const back = (json: string) => JSON.parse(forms.answer(forms.request(Buffer.from(json))).toString());

  it("is the mapping of protobuf", () => {
    const all = {
      large: "9007199254740993",
      number: "NaN",
      kind: "KIND_ONE",
      bytes: "AAE=",
      at: "2026-01-02T03:04:05.006Z",
      any: { "@type": "type.googleapis.com/test.M", large: "1" },
      lowerCamel: true,
    };
    assert.deepEqual(back(JSON.stringify(all)), all);
    assert.deepEqual(back('{"large": 5, "kind": 1, "lower_camel": true, "number": "-Infinity"}'), {
      large: "5",
      kind: "KIND_ONE",
      lowerCamel: true,
      number: "-Infinity",
    });
  });

  it("ignores fields that are not known, and refuses values that are wrong", () => {
    assert.deepEqual(back('{"newer": {"deep": [1]}}'), {});
    for (const json of [
      "",
      "{",
      "[]",
      "7",
      '{"large": "x"}',
      '{"kind": "KIND_TWO_AND_A_HALF", "large": true}',
      '{"at": "now"}',
    ]) {
      assert.throws(() => forms.request(Buffer.from(json)), invalid, json);
    }
    assert.throws(() => forms.request(Buffer.of(0x22, 0xff, 0x22)), invalid);
    assert.throws(() => forms.request(Buffer.from(`{"any":`.repeat(100_000))), invalid);
  });

  it("says where an answer has no form in JSON", () => {
    assert.throws(() => forms.answer(Buffer.of(0xff)), internal);
    const unknown = Buffer.concat([Buffer.of(0x3a, 0x0a, 0x0a, 0x08), Buffer.from("x/test.No")]);
    assert.throws(() => forms.answer(unknown), internal);
  });

  it("needs descriptors that can be read", () => {
    assert.throws(() => createDescribe()("test.S", "////"), TypeError);
    assert.equal(createDescribe()("test.Other", descriptors())("/test.Other/M"), undefined);
  });
});

function invalid(error: unknown): boolean {
  return error instanceof InterlockError && error.code === "INVALID_ARGUMENT";
}

function internal(error: unknown): boolean {
  return error instanceof InterlockError && error.code === "INTERNAL" && /application\/proto/.test(error.message);
}

/** A service with one method, whose message has a field of each kind that the mapping treats in its own way. */
function descriptors(): string {
  const { INT64, DOUBLE, ENUM, BYTES, MESSAGE, BOOL } = FieldDescriptorProto_Type;
  const fields: readonly (readonly [string, FieldDescriptorProto_Type, string?])[] = [
    ["large", INT64],
    ["number", DOUBLE],
    ["kind", ENUM, ".test.Kind"],
    ["bytes", BYTES],
    ["at", MESSAGE, ".google.protobuf.Timestamp"],
    ["lower_camel", BOOL],
    ["any", MESSAGE, ".google.protobuf.Any"],
  ];
  const set = create(FileDescriptorSetSchema, {
    file: [
      wellKnown("timestamp", "Timestamp", [
        ["seconds", INT64],
        ["nanos", FieldDescriptorProto_Type.INT32],
      ]),
      wellKnown("any", "Any", [
        ["type_url", FieldDescriptorProto_Type.STRING],
        ["value", BYTES],
      ]),
      {
        name: "test.proto",
        package: "test",
        syntax: "proto3",
        dependency: ["google/protobuf/timestamp.proto", "google/protobuf/any.proto"],
        messageType: [{ name: "M", field: fields.map(field) }],
        enumType: [
          {
            name: "Kind",
            value: [
              { name: "KIND_NONE", number: 0 },
              { name: "KIND_ONE", number: 1 },
            ],
          },
        ],
        service: [{ name: "S", method: [{ name: "M", inputType: ".test.M", outputType: ".test.M" }] }],
      },
    ],
  });
  return Buffer.from(toBinary(FileDescriptorSetSchema, set)).toString("base64");
}

function wellKnown(file: string, name: string, fields: readonly (readonly [string, FieldDescriptorProto_Type])[]) {
  return {
    name: `google/protobuf/${file}.proto`,
    package: "google.protobuf",
    syntax: "proto3",
    messageType: [{ name, field: fields.map(field) }],
  };
}

function field([name, type, typeName]: readonly [string, FieldDescriptorProto_Type, string?], at: number) {
  const jsonName = name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
  const label = FieldDescriptorProto_Label.OPTIONAL;
  return { name, jsonName, number: at + 1, type, label, ...(typeName && { typeName }) };
}

import { create, type MessageInitShape, setExtension, toBinary } from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label,
  type FieldDescriptorProtoSchema,
  FieldOptionsSchema,
  FileDescriptorSetSchema,
  FieldDescriptorProto_Type as T,
} from "@bufbuild/protobuf/wkt";
import { FieldRulesSchema, field as rulesOption } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";

type FieldInit = MessageInitShape<typeof FieldDescriptorProtoSchema>;

/** The rules of a field, as `buf.validate.field` has them. */
export type FieldRules = MessageInitShape<typeof FieldRulesSchema>;

const { OPTIONAL, REPEATED } = FieldDescriptorProto_Label;

function field(name: string, number: number, type: T, more: FieldInit = {}): FieldInit {
  return { name, number, type, label: OPTIONAL, ...more };
}

/** The path of the one method of the service. */
export const gripPath = "/cafe.v1.GripperService/Grip";

/** The descriptors of a service whose request has a field of every kind; `rules` are constraints of its fields, by name. */
export function describeGripper(rules: Readonly<Record<string, FieldRules>> = {}): string {
  const fields = [
    field("newtons", 1, T.DOUBLE),
    field("count", 2, T.UINT32),
    field("id", 3, T.INT64),
    field("name", 4, T.STRING),
    field("gently", 5, T.BOOL),
    field("kind", 6, T.ENUM, { typeName: ".cafe.v1.Kind" }),
    field("item", 7, T.MESSAGE, { typeName: ".cafe.v1.Item" }),
    field("tags", 8, T.STRING, { label: REPEATED }),
    field("raw", 9, T.BYTES),
    field("labels", 10, T.MESSAGE, { label: REPEATED, typeName: ".cafe.v1.GripRequest.LabelsEntry" }),
    field("items", 11, T.MESSAGE, { label: REPEATED, typeName: ".cafe.v1.Item" }),
  ];
  const entry = { name: "LabelsEntry", options: { mapEntry: true } };
  const request = {
    name: "GripRequest",
    field: fields.map((one) => withRules(one, rules)),
    nestedType: [{ ...entry, field: [field("key", 1, T.STRING), field("value", 2, T.STRING)] }],
  };
  const item = {
    name: "Item",
    field: [field("weight", 1, T.INT32), field("inner", 2, T.MESSAGE, { typeName: ".cafe.v1.Item" })],
  };
  const file = {
    name: "cafe/v1/gripper.proto",
    package: "cafe.v1",
    syntax: "proto3",
    messageType: [request, item, { name: "GripResponse" }],
    enumType: [{ name: "Kind", value: ["KIND_UNSPECIFIED", "KIND_SOFT"].map((name, number) => ({ name, number })) }],
    service: [
      {
        name: "GripperService",
        method: [{ name: "Grip", inputType: ".cafe.v1.GripRequest", outputType: ".cafe.v1.GripResponse" }],
      },
    ],
  };
  const set = create(FileDescriptorSetSchema, { file: [file] });
  return Buffer.from(toBinary(FileDescriptorSetSchema, set)).toString("base64");
}

function withRules(one: FieldInit, rules: Readonly<Record<string, FieldRules>>): FieldInit {
  const found = rules[one.name ?? ""];
  if (!found) return one;
  const options = create(FieldOptionsSchema);
  setExtension(options, rulesOption, create(FieldRulesSchema, found));
  return { ...one, options };
}

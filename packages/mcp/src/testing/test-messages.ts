import { create, createFileRegistry, type DescMessage } from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  file_google_protobuf_timestamp,
} from "@bufbuild/protobuf/wkt";

const { DOUBLE, BOOL, STRING, INT64, BYTES, MESSAGE, ENUM } = FieldDescriptorProto_Type;
const { OPTIONAL, REPEATED } = FieldDescriptorProto_Label;
const field = (
  name: string,
  number: number,
  type: FieldDescriptorProto_Type,
  more: { typeName?: string; label?: FieldDescriptorProto_Label; oneofIndex?: number } = {},
) => ({
  name,
  jsonName: name.replace(/_(.)/g, (_all, letter: string) => letter.toUpperCase()),
  number,
  type,
  label: OPTIONAL,
  ...more,
});

const file = create(FileDescriptorProtoSchema, {
  name: "cafe/gripper/v1/gripper.proto",
  package: "cafe.gripper.v1",
  syntax: "proto3",
  dependency: ["google/protobuf/timestamp.proto"],
  messageType: [
    { name: "GripRequest", field: [field("newtons", 1, DOUBLE), field("hold_open", 2, BOOL)] },
    { name: "GripResponse", field: [field("held", 1, BOOL)] },
    {
      name: "Everything",
      field: [
        field("text", 1, STRING),
        field("big", 2, INT64),
        field("data", 3, BYTES),
        field("at", 4, MESSAGE, { typeName: ".google.protobuf.Timestamp" }),
        field("mode", 5, ENUM, { typeName: ".cafe.gripper.v1.Mode" }),
        field("many", 6, STRING, { label: REPEATED }),
        field("inner", 7, MESSAGE, { typeName: ".cafe.gripper.v1.Everything" }),
        field("one", 8, BOOL, { oneofIndex: 0 }),
        field("other", 9, STRING, { oneofIndex: 0 }),
        field("counts", 10, MESSAGE, { typeName: ".cafe.gripper.v1.Everything.CountsEntry", label: REPEATED }),
      ],
      oneofDecl: [{ name: "choice" }],
      nestedType: [
        {
          name: "CountsEntry",
          field: [field("key", 1, STRING), field("value", 2, DOUBLE)],
          options: { mapEntry: true },
        },
      ],
    },
  ],
  enumType: [
    {
      name: "Mode",
      value: [
        { name: "MODE_UNSPECIFIED", number: 0 },
        { name: "MODE_SOFT", number: 1 },
      ],
    },
  ],
});
const registry = createFileRegistry(
  create(FileDescriptorSetSchema, { file: [file_google_protobuf_timestamp.proto, file] }),
);

/** A message of the test's proto file, by its name. */
export function messageOf(name: string): DescMessage {
  return registry.getMessage(`cafe.gripper.v1.${name}`) as DescMessage;
}

import { clone, create, type DescField, type DescFile, type DescMessage, toBinary } from "@bufbuild/protobuf";
import {
  CodeGeneratorRequestSchema,
  Edition,
  FeatureSet_FieldPresence,
  FieldOptionsSchema,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  OneofDescriptorProtoSchema,
  type SourceCodeInfo,
} from "@bufbuild/protobuf/wkt";

/**
 * Serializes a request for ts-proto with the files as proto3, the only syntax whose presence it knows: a field of another
 * syntax or edition that knows whether it was set becomes `optional`.
 */
export function proto3Request(files: readonly DescFile[], parameter: string): Uint8Array {
  const protoFile = files.map((file) => (file.edition === Edition.EDITION_PROTO3 ? file.proto : asProto3(file)));
  const request = create(CodeGeneratorRequestSchema, { parameter, protoFile: protoFile.map(withCommentsOnly) });
  return toBinary(CodeGeneratorRequestSchema, request);
}

function asProto3(file: DescFile): FileDescriptorProto {
  const proto = clone(FileDescriptorProtoSchema, file.proto);
  proto.syntax = "proto3";
  proto.edition = Edition.EDITION_UNKNOWN;
  for (const [i, message] of file.messages.entries()) convert(message, proto.messageType[i]);
  return proto;
}

type MessageProto = FileDescriptorProto["messageType"][number];

function convert(message: DescMessage, proto: MessageProto | undefined): void {
  if (proto === undefined) return;
  message.fields.forEach((field, i) => {
    const fieldProto = proto.field[i];
    if (fieldProto === undefined) return;
    if (knowsPresence(field)) {
      // A field that is optional in proto3 is the only one of a oneof that has no other use.
      fieldProto.proto3Optional = true;
      fieldProto.oneofIndex = proto.oneofDecl.length;
      proto.oneofDecl.push(create(OneofDescriptorProtoSchema, { name: `_${field.name}` }));
    } else if (field.fieldKind === "list") {
      fieldProto.options ??= create(FieldOptionsSchema);
      fieldProto.options.packed = field.packed;
    }
  });
  // `nestedMessages` leaves out the entries of maps, which have no presence of their own.
  for (const nested of message.nestedMessages) {
    convert(
      nested,
      proto.nestedType.find(({ name }) => name === nested.name),
    );
  }
}

function knowsPresence(field: DescField): boolean {
  const isPlain = field.fieldKind === "scalar" || field.fieldKind === "enum";
  return isPlain && field.oneof === undefined && field.presence !== FeatureSet_FieldPresence.IMPLICIT;
}

/** Without the positions of what has no comment: ts-proto looks at each position once for each message. */
function withCommentsOnly(proto: FileDescriptorProto): FileDescriptorProto {
  const { sourceCodeInfo } = proto;
  if (sourceCodeInfo === undefined) return proto;
  const location = sourceCodeInfo.location.filter(hasComment);
  return { ...proto, sourceCodeInfo: { ...sourceCodeInfo, location } };
}

function hasComment({ leadingComments, trailingComments }: SourceCodeInfo["location"][number]): boolean {
  return leadingComments !== "" || trailingComments !== "";
}

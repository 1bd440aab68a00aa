import { type DescFile, ScalarType } from "@bufbuild/protobuf";
import type {
  DescriptorProto,
  DescriptorProto_ExtensionRange,
  DescriptorProto_ReservedRange,
  EnumDescriptorProto,
  FieldDescriptorProto,
} from "@bufbuild/protobuf/wkt";

const isRepeated = 3;
/** The largest number of a field; ranges in descriptors end one above. */
const maximumNumber = 536_870_911;

/**
 * Prints the source of a proto2 file from its descriptor, without comments and options: messages, enums and extensions. Groups,
 * maps and defaults are not printed.
 */
export function printProtoFile({ proto }: DescFile, comment: string): string {
  const imports = proto.dependency.map((path) => `import "${path}";`);
  const extendees = [...new Set(proto.extension.map(({ extendee }) => extendee))];
  return `${[
    comment.replace(/^/gm, "// "),
    'syntax = "proto2";',
    `package ${proto.package};`,
    imports.join("\n"),
    ...extendees.map((extendee) => {
      const fields = proto.extension.filter((field) => field.extendee === extendee);
      return block(
        `extend ${extendee}`,
        fields.map((field) => printField(field, "optional ")),
      );
    }),
    ...proto.messageType.map(printMessage),
    ...proto.enumType.map(printEnum),
  ].join("\n\n")}\n`;
}

function printMessage(message: DescriptorProto): string {
  const { field, oneofDecl, nestedType, enumType, extensionRange, reservedRange, reservedName } = message;
  const oneofs = oneofDecl.map(({ name }, i) => {
    const members = field.filter((one) => isIn(one, i));
    return block(
      `oneof ${name}`,
      members.map((one) => printField(one, "")),
    );
  });
  const plain = field.filter((one) => !oneofDecl.some((_, i) => isIn(one, i)));
  return block(`message ${message.name}`, [
    ...oneofs,
    ...plain.map((one) => printField(one, one.label === isRepeated ? "repeated " : "optional ")),
    ...nestedType.map(printMessage),
    ...enumType.map(printEnum),
    ...ranges("extensions", extensionRange),
    ...ranges("reserved", reservedRange),
    ...names(reservedName),
  ]);
}

function isIn(field: FieldDescriptorProto, oneof: number): boolean {
  return Object.hasOwn(field, "oneofIndex") && field.oneofIndex === oneof;
}

function printField({ name, number, type, typeName }: FieldDescriptorProto, label: string): string {
  const ofType = typeName === "" ? (ScalarType[type] ?? "").toLowerCase() : typeName;
  return `${label}${ofType} ${name} = ${number};`;
}

function printEnum({ name, value, reservedRange, reservedName }: EnumDescriptorProto): string {
  return block(`enum ${name}`, [
    ...value.map((one) => `${one.name} = ${one.number};`),
    ...reservedRange.map(({ start, end }) => `reserved ${start === end ? start : `${start} to ${end}`};`),
    ...names(reservedName),
  ]);
}

function ranges(
  word: string,
  list: readonly (DescriptorProto_ExtensionRange | DescriptorProto_ReservedRange)[],
): string[] {
  return list.map(({ start, end }) => {
    const last = end - 1;
    return `${word} ${start === last ? start : `${start} to ${last === maximumNumber ? "max" : last}`};`;
  });
}

function names(list: readonly string[]): string[] {
  return list.length === 0 ? [] : [`reserved ${list.map((name) => `"${name}"`).join(", ")};`];
}

function block(head: string, lines: readonly string[]): string {
  return `${head} {\n${lines.join("\n").replace(/^/gm, "  ")}\n}`;
}

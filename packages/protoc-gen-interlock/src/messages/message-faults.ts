import type { DescEnum, DescExtension, DescField, DescFile, DescMessage } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import { pathPosition } from "../source-position.js";
import { camelCase, tsProtoName } from "../ts-proto-name.js";
import { neededFiles } from "./needed-files.js";
import { fieldNameFault, typeNameFault, valueNameFault } from "./reserved-names.js";

// Field numbers of the descriptors, of which the path of a position consists.
const inFile = { messages: 4, enums: 5, extensions: 7 } as const;
const inMessage = { fields: 2, nested: 3, enums: 4, ranges: 5, extensions: 6, options: 7, oneofs: 8 } as const;
const inEnum = { values: 2 } as const;

/**
 * What the messages of `files`, and of the files that they use, cannot carry or cannot be called in TypeScript:
 * `file:line:column: package.Message has …`. Nothing is lost silently: what is not a fault is kept.
 */
export function messageFaults(files: readonly DescFile[]): string[] {
  return neededFiles(files).flatMap(fileFaults);
}

function fileFaults(file: DescFile): string[] {
  const faults: string[] = [];
  const names = new Map<string, string>();
  for (const [i, message] of file.messages.entries()) checkMessage(message, [inFile.messages, i]);
  for (const [i, one] of file.enums.entries()) checkEnum(one, [inFile.enums, i]);
  checkExtensions(file.extensions, [inFile.extensions]);
  return faults;

  function add(path: readonly number[], subject: string, fault: string): void {
    faults.push(`${pathPosition(file, path)}: ${subject} ${fault}`);
  }

  function checkMessage(message: DescMessage, path: readonly number[]): void {
    checkTypeName(message, path);
    const { proto } = message;
    if (proto.extensionRange.length > 0) {
      add(
        [...path, inMessage.ranges],
        message.typeName,
        "has extensions, which are not generated: use google.protobuf.Any, or a field",
      );
    }
    if (proto.options?.messageSetWireFormat) {
      add(
        [...path, inMessage.options],
        message.typeName,
        "has message_set_wire_format, which is not generated: use google.protobuf.Any",
      );
    }
    checkExtensions(message.nestedExtensions, [...path, inMessage.extensions]);
    const members = new Map<string, string>();
    message.fields.forEach((field, i) => {
      checkField(field, [...path, inMessage.fields, i]);
      // The name of a field of a oneof is the value of `$case`, and no property.
      if (field.oneof === undefined) checkMember(field.name, [...path, inMessage.fields, i]);
    });
    message.oneofs.forEach((oneof) => {
      const i = proto.oneofDecl.findIndex(({ name }) => name === oneof.name);
      checkMember(oneof.name, [...path, inMessage.oneofs, i]);
    });
    for (const nested of message.nestedMessages) {
      const i = proto.nestedType.findIndex(({ name }) => name === nested.name);
      checkMessage(nested, [...path, inMessage.nested, i]);
    }
    for (const [i, one] of message.nestedEnums.entries()) checkEnum(one, [...path, inMessage.enums, i]);

    function checkMember(name: string, at: readonly number[]): void {
      const member = camelCase(name);
      const subject = `${message.typeName}.${name}`;
      const fault = fieldNameFault(member);
      if (fault) add(at, subject, `has the name ${member} in TypeScript, and ${fault}: rename it`);
      if (members.has(member)) {
        add(at, subject, `has the name ${member} in TypeScript, as ${members.get(member)} has: rename one of them`);
      }
      members.set(member, name);
    }
  }

  function checkField(field: DescField, path: readonly number[]): void {
    const subject = `${field.parent.typeName}.${field.name}`;
    if (field.presence === FeatureSet_FieldPresence.LEGACY_REQUIRED) {
      add(
        path,
        subject,
        "is required, which is not checked: make it optional, and refuse a request without it in the handler",
      );
    }
    if (field.proto.defaultValue !== "") {
      add(
        path,
        subject,
        `has the default ${JSON.stringify(field.proto.defaultValue)}, which readers of other schemas do not know: leave it out, and set it where the field is read`,
      );
    }
    if ("delimitedEncoding" in field && field.delimitedEncoding) {
      add(path, subject, "is a group (delimited), which is not generated: use a message field");
    }
  }

  function checkEnum(one: DescEnum, path: readonly number[]): void {
    checkTypeName(one, path);
    one.values.forEach(({ name }, i) => {
      const fault = valueNameFault(name);
      if (fault)
        add(
          [...path, inEnum.values, i],
          `${one.typeName}.${name}`,
          `has a name that TypeScript cannot have, because ${fault}: rename it`,
        );
    });
  }

  function checkTypeName(type: DescMessage | DescEnum, path: readonly number[]): void {
    const name = tsProtoName(type);
    const fault = typeNameFault(name);
    if (fault) add(path, type.typeName, `has the name ${name} in TypeScript, and ${fault}: rename it`);
    if (names.has(name)) {
      add(path, type.typeName, `has the name ${name} in TypeScript, as ${names.get(name)} has: rename one of them`);
    }
    names.set(name, type.typeName);
  }

  /** Options are extensions too; messages do not have them. */
  function checkExtensions(extensions: readonly DescExtension[], path: readonly number[]): void {
    extensions.forEach(({ extendee, typeName }, i) => {
      if (/^google\.protobuf\.\w+Options$/.test(extendee.typeName)) return;
      add(
        [...path, i],
        typeName,
        `extends ${extendee.typeName}, and extensions are not generated: add a field to the message`,
      );
    });
  }
}

const words = (text: string) => text.split(/\s+/).filter((word) => word !== "");

/** Words that TypeScript does not accept as the name of a type and a constant of a module. */
const keywords = words(`
  any arguments as await bigint boolean break case catch class const continue debugger default delete do else enum eval
  export extends false finally for function if implements import in infer instanceof interface keyof let never new null
  number object package private protected public readonly return static string super switch symbol this throw true try
  typeof undefined unique unknown var void while with yield
`);

/** Names that each generated file declares or imports, and globals that it uses as types. */
const declared = words(`
  BinaryReader BinaryWriter Builtin DeepPartial MessageFns Partial ReadonlyArray Uint8Array fromTimestamp globalThis
  protobufFileName protobufPackage toTimestamp AnyValueWrapperFns FieldMaskWrapperFns ListValueWrapperFns StructWrapperFns
`);

/** Variables of the generated functions, which would hide a message of the same name. */
const local = words(
  "acc base date e end entry input key length m message object previousRecursionDepth reader t tag v value writer",
);

const reservedTypes = new Set([...keywords, ...declared, ...local]);
const reservedValues = new Set([...keywords, "UNRECOGNIZED", "__proto__"]);
const reservedFields = new Set(Object.getOwnPropertyNames(Object.prototype));

/** Why TypeScript code cannot have a message or enum of this name; `undefined` if it can. */
export function typeNameFault(name: string): string | undefined {
  if (reservedTypes.has(name) || /^(?:createBase[A-Z]|(?:end|entry)\d+$)/.test(name))
    return "generated code uses that name";
  return undefined;
}

/** Why TypeScript code cannot have an enum value of this name; `undefined` if it can. */
export function valueNameFault(name: string): string | undefined {
  return reservedValues.has(name) ? "generated code uses that name" : undefined;
}

/** Why a message cannot have a field or oneof of this name; `undefined` if it can. */
export function fieldNameFault(name: string): string | undefined {
  return reservedFields.has(name) ? "every JavaScript object has that name" : undefined;
}

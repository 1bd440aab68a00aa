import { type DescExtension, type DescMessage, type FileRegistry, hasOption } from "@bufbuild/protobuf";

/** The options of protovalidate (https://protovalidate.com), each for one kind of descriptor. */
const names = ["buf.validate.message", "buf.validate.oneof", "buf.validate.field"] as const;

/**
 * Makes the function that finds out whether a message, or one that it holds, has `buf.validate` constraints. A registry without
 * these options has no message with them.
 */
export function createFindConstraints(registry: FileRegistry): (message: DescMessage) => boolean {
  const [ofMessage, ofOneof, ofField] = names.map((name) => registry.getExtension(name));
  if (!ofField) return () => false;
  const has = (desc: Parameters<typeof hasOption>[0], option: DescExtension | undefined) =>
    option !== undefined && hasOption(desc as never, option as never);
  const hasOwn = (message: DescMessage) =>
    has(message, ofMessage) ||
    message.oneofs.some((oneof) => has(oneof, ofOneof)) ||
    message.fields.some((field) => has(field, ofField));
  return (message) => [...reached(message)].some(hasOwn);
}

/** A message and all that it can hold. */
function reached(message: DescMessage): ReadonlySet<DescMessage> {
  const found = new Set([message]);
  // A set gives what is added while it is read.
  for (const one of found) for (const field of one.fields) if (field.message) found.add(field.message);
  return found;
}

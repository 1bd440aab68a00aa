import type { DescEnum, DescMessage } from "@bufbuild/protobuf";

/** Returns ts-proto's name of a message or enum: nested ones are `Outer_Inner`, `snake_case` becomes `snakeCase`. */
export function tsProtoName(type: DescMessage | DescEnum): string {
  const name = fullName(type);
  return name === "Date" || name === "Function" ? `${name}Message` : name;
}

function fullName({ parent, name }: DescMessage | DescEnum): string {
  return `${parent ? `${fullName(parent)}_` : ""}${camelCase(name)}`;
}

/** Returns ts-proto's name of a field or oneof: `snake_case` becomes `snakeCase`. */
export function camelCase(name: string): string {
  if (!name.includes("_")) return name;
  const mixed = /[a-z]/.test(name);
  return name
    .split("_")
    .map((word) => (mixed ? word : word.toLowerCase()))
    .map((word, i) => (i === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1)))
    .join("");
}

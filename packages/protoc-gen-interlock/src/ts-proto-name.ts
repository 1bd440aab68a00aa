import type { DescMessage } from "@bufbuild/protobuf";

/** Returns ts-proto's name of a message: nested ones are `Outer_Inner`, `snake_case` becomes `snakeCase`. */
export function tsProtoName(message: DescMessage): string {
  const name = fullName(message);
  return name === "Date" || name === "Function" ? `${name}Message` : name;
}

function fullName({ parent, name }: DescMessage): string {
  return `${parent ? `${fullName(parent)}_` : ""}${camelCase(name)}`;
}

function camelCase(name: string): string {
  if (!name.includes("_")) return name;
  const mixed = /[a-z]/.test(name);
  return name
    .split("_")
    .map((word) => (mixed ? word : word.toLowerCase()))
    .map((word, i) => (i === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1)))
    .join("");
}

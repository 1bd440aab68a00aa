import { safeIdentifier } from "@bufbuild/protoplugin";

// Names that a module cannot declare, though a script can.
const inModules = ["arguments", "await", "eval"];

/** The name of the constant of a service: its own, or with a `$` if TypeScript cannot declare that. */
export function serviceConstant(name: string): string {
  return inModules.includes(name) ? `${name}$` : safeIdentifier(name);
}

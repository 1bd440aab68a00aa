import type { FileRegistry } from "@bufbuild/protobuf";
import type { Policy } from "@interlock/policy";
import type { PluginOptions } from "./plugin-options.js";

/**
 * Finds the faults of a deprecation that a policy alone does not show: a sunset that has come already, and a replacement that
 * is not among the files that are generated and their imports.
 */
export function deprecationFaults(
  { deprecation }: Pick<Policy, "deprecation">,
  registry: FileRegistry,
  { today, allowPast }: PluginOptions,
): string[] {
  const { sunset, replacement } = deprecation ?? {};
  const faults: string[] = [];
  // Days compare as text. Calls are refused from the first moment of the day on.
  if (sunset !== undefined && sunset <= today && !allowPast) {
    faults.push(`is past its sunset of ${sunset}: remove the method, set a later day, or generate with --allow-past`);
  }
  if (replacement !== undefined && !exists(replacement, registry)) {
    faults.push(
      `has the replacement "${replacement}", which is no method of these files or their imports: ` +
        "write package.Service/Method, and import its file",
    );
  }
  return faults;
}

/** Whether `replacement` is a method, `package.Service/Method`, or a service. */
function exists(replacement: string, registry: FileRegistry): boolean {
  const [name = "", method, ...more] = replacement.split("/");
  const service = registry.getService(name);
  if (!service || more.length > 0) return false;
  return method === undefined || service.methods.some((one) => one.name === method);
}

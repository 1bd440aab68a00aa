import { existsSync } from "node:fs";
import { join } from "node:path";

/**
 * The configuration for a workspace without `buf.yaml`: its protos, the policy options from their package, and those of constraints
 * where `@interlock/validate` is installed.
 */
export function bufConfig(workspace: string, protos: string): string[] {
  if (existsSync(join(workspace, "buf.yaml"))) return [];
  const packages = ["policy", "validate"].map((name) => `node_modules/@interlock/${name}/protos`);
  const modules = [protos, ...packages].filter((path) => existsSync(join(workspace, path)));
  return ["--config", JSON.stringify({ version: "v2", modules: modules.map((path) => ({ path })) })];
}

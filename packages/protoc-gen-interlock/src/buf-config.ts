import { existsSync } from "node:fs";
import { join } from "node:path";

/** The configuration for a workspace without `buf.yaml`: its protos, and the policy options from their package. */
export function bufConfig(workspace: string, protos: string): string[] {
  if (existsSync(join(workspace, "buf.yaml"))) return [];
  const modules = [protos, "node_modules/@interlock/policy/protos"].filter((path) => existsSync(join(workspace, path)));
  return ["--config", JSON.stringify({ version: "v2", modules: modules.map((path) => ({ path })) })];
}

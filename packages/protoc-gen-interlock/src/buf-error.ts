import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import { GenerateError } from "./generate-error.js";

/**
 * Converts buf's output to an error: faults of the plugin and of buf in one form, without buf's own text, and with file
 * names relative to the workspace (a plugin knows only the import names).
 */
export function bufError(said: string, workspace: string, protos: string): GenerateError {
  if (/had no \.proto files/.test(said)) {
    const text = `There are no proto files in ${protos}: name their folder with --protos.`;
    return new GenerateError(text);
  }
  const lines = said
    .replace(/^Failure: (plugin .*?protoc-gen-\w+(\.js)?: )?/m, "")
    .split("\n")
    .map((line) => {
      const [, file, position = "", fault] = /^(policies\.yaml|.+?\.proto)(:\d+:\d+)?: ?(.*)$/.exec(line) ?? [];
      if (file === undefined) return { line, isFault: false };
      const path = existsSync(join(workspace, protos, file)) ? posix.join(protos, file) : file;
      return { line: `${path}${position}: ${fault}`, isFault: true };
    });
  return new GenerateError(
    lines.map(({ line }) => line).join("\n"),
    lines.filter(({ isFault }) => isFault).map(({ line }) => line),
  );
}

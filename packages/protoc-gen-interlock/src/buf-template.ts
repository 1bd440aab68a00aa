import { fileURLToPath } from "node:url";
import { type PluginOptions, printPluginOptions } from "./plugin-options.js";

/** Returns the value for `buf generate --template`: our plugin, which is local and writes all files. */
export function bufTemplate(out: string, options: PluginOptions): string {
  const ours = fileURLToPath(new URL("../bin/protoc-gen-interlock.js", import.meta.url));
  return JSON.stringify({
    version: "v2",
    plugins: [
      {
        // The plugin collects garbage between its two large steps.
        local: [process.execPath, "--expose-gc", ours],
        out,
        // All files in one request, because there is one manifest.
        strategy: "all",
        opt: printPluginOptions(options),
      },
    ],
  });
}

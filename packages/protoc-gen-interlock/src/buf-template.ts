import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const tsProtoOptions = [
  "esModuleInterop=true",
  "importSuffix=.js",
  "outputServices=none",
  "enumsAsLiterals=true",
  "forceLong=bigint",
  "oneof=unions-value",
  "useOptionals=none",
  "outputJsonMethods=false",
  "annotateFilesWithVersion=false",
];

// Only our plugin needs these options; without them no message needs the policy files.
const policyOptions = ["interlock.policy.v1.access", "interlock.policy.v1.service"];

/**
 * Returns the value for `buf generate --template`: ts-proto for messages and our plugin for services, both local.
 * `hasPolicies`: whether any file imports the policy options; buf refuses to exclude types that do not exist.
 */
export function bufTemplate(out: string, hasPolicies: boolean): string {
  const require = createRequire(import.meta.url);
  const tsProto = join(dirname(require.resolve("ts-proto/package.json")), "protoc-gen-ts_proto");
  const ours = fileURLToPath(new URL("../bin/protoc-gen-interlock.js", import.meta.url));
  return JSON.stringify({
    version: "v2",
    plugins: [
      {
        local: [process.execPath, tsProto],
        out,
        opt: tsProtoOptions,
        strategy: "all",
        exclude_types: hasPolicies ? policyOptions : [],
      },
      // All files in one request, because there is one manifest.
      { local: [process.execPath, ours], out, strategy: "all" },
    ],
  });
}

/** Whether buf failed because no file imports the policy options. */
export function hasNoPolicies(said: string | undefined): boolean {
  return said !== undefined && policyOptions.some((name) => said.includes(`exclusion of type "${name}": not found`));
}

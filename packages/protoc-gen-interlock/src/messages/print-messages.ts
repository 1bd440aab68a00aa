import type { DescFile } from "@bufbuild/protobuf";
import { formatAll } from "./format.js";
import { harden } from "./harden.js";
import { neededFiles } from "./needed-files.js";
import { proto3Request } from "./proto3-request.js";
import { runtimeFile, runtimeText } from "./runtime-file.js";
import { tsProtoPrinter } from "./ts-proto.js";

/** How a `google.protobuf.Timestamp` stands in messages: as a `Date`, or as seconds and nanoseconds. */
export type Timestamps = "date" | "message";

/** One file of the output folder. */
export interface PrintedFile {
  readonly name: string;
  readonly content: string;
}

const options = [
  "esModuleInterop=true",
  "importSuffix=.js",
  "outputServices=none",
  "enumsAsLiterals=true",
  "forceLong=bigint",
  "oneof=unions-value",
  "useOptionals=none",
  "outputJsonMethods=false",
  "annotateFilesWithVersion=false",
  // Exact types take the square of a recursive message: 20 GB for a oneof of 200 kinds.
  "useExactTypes=false",
];

/** Prints the messages and enums of `files`, and of the files that they use. `all` has every file of the request. */
export function printMessages(
  files: readonly DescFile[],
  all: Iterable<DescFile>,
  timestamps: Timestamps,
): PrintedFile[] {
  const useDate = timestamps === "date" ? "date" : "timestamp";
  const print = tsProtoPrinter(proto3Request([...all], [...options, `useDate=${useDate}`].join(",")));
  const hardened = neededFiles(files).map(({ proto }) => {
    const { path, text } = print(proto.name);
    return { name: path, text: harden(path, text) };
  });
  // Printing leaves much behind, and the formatter is another process, beside which it would stay.
  globalThis.gc?.();
  const contents = formatAll(hardened.map(({ text }) => text));
  const printed = hardened.map(({ name }, i) => ({ name, content: contents[i] ?? "" }));
  const needsRuntime = contents.some((content) => content.includes(runtimeFile.replace(/\.ts$/, ".js")));
  return needsRuntime ? [...printed, { name: runtimeFile, content: runtimeText }] : printed;
}

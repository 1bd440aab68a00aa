import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
// The path that Node resolves, because ts-proto's own dependency is not visible from here.
const inTsProto = createRequire(require.resolve("ts-proto/package.json"));

/** The part of ts-proto's file descriptor that is used here. */
interface TsProtoFile {
  readonly name: string;
}

interface TsProtoRequest {
  readonly protoFile: readonly TsProtoFile[];
  readonly parameter: string;
}

interface TsProtoCode {
  toString(options: object): string;
}

const { CodeGeneratorRequest } = inTsProto("ts-proto-descriptors") as {
  CodeGeneratorRequest: { decode(bytes: Uint8Array): TsProtoRequest };
};
const { generateFile, makeUtils } = inTsProto("./build/src/main.js") as {
  generateFile(context: object, file: TsProtoFile): [path: string, code: TsProtoCode];
  makeUtils(options: object): object;
};
const { createTypeMap } = inTsProto("./build/src/types.js") as {
  createTypeMap(request: TsProtoRequest, options: object): object;
};
const { getTsPoetOpts, optionsFromParameter } = inTsProto("./build/src/options.js") as {
  getTsPoetOpts(options: object, version: string, protoc: string, file: string): object;
  optionsFromParameter(parameter: string): object;
};
const { createFileContext } = inTsProto("./build/src/context.js") as { createFileContext(file: TsProtoFile): object };

/**
 * Runs ts-proto as a library, file by file: its plugin formats a file in one piece, which takes 90 times the memory of the
 * text and never returns it.
 *
 * @param request - A serialized `CodeGeneratorRequest`, whose `parameter` has the options of ts-proto.
 * @returns A function that prints the file of that name, unformatted.
 */
export function tsProtoPrinter(
  request: Uint8Array,
): (name: string) => { readonly path: string; readonly text: string } {
  const { protoFile, parameter } = CodeGeneratorRequest.decode(request);
  const options = optionsFromParameter(parameter);
  const context = { typeMap: createTypeMap({ protoFile, parameter }, options), options, utils: makeUtils(options) };
  return (name) => {
    const file = protoFile.find((one) => one.name === name);
    if (file === undefined) throw new Error(`There is no file ${name} in the request.`);
    const [path, code] = generateFile({ ...context, currentFile: createFileContext(file) }, file);
    return { path, text: code.toString({ ...getTsPoetOpts(options, "", "", name), path, format: false }) };
  };
}

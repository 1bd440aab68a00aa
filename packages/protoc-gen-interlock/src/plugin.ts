import { createRequire } from "node:module";
import {
  create,
  createFileRegistry,
  type DescFile,
  maximumEdition,
  minimumEdition,
  protoInt64,
} from "@bufbuild/protobuf";
import {
  type CodeGeneratorRequest,
  type CodeGeneratorResponse,
  CodeGeneratorResponse_Feature,
  CodeGeneratorResponseSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { createManifest } from "./create-manifest.js";
import { createDescriptors } from "./descriptors-file.js";
import { findServices } from "./find-services.js";
import { descriptorsFile, manifestFile } from "./manifest-file.js";
import { messageFaults } from "./messages/message-faults.js";
import { printMessages } from "./messages/print-messages.js";
import { applyOverlay } from "./overlay/apply-overlay.js";
import { readOverlay } from "./overlay/read-overlay.js";
import { readPluginOptions } from "./plugin-options.js";
import { printDescriptors } from "./print-descriptors.js";
import { printFile } from "./print-file.js";

const { version } = createRequire(import.meta.url)("../package.json") as { version: string };

const supported = {
  supportedFeatures: protoInt64.parse(
    CodeGeneratorResponse_Feature.PROTO3_OPTIONAL | CodeGeneratorResponse_Feature.SUPPORTS_EDITIONS,
  ),
  minimumEdition,
  maximumEdition,
};

/**
 * The protoc plugin: it writes the messages and a definition for each service of the requested files, or reports all faults
 * of their policies and of what messages cannot carry. Its parameter is read by `readPluginOptions`.
 */
export const interlockPlugin = { name: "protoc-gen-interlock", version, run };

function run(request: CodeGeneratorRequest): CodeGeneratorResponse {
  // `sourceFileDescriptors` are not needed: `protoFile` has everything that is used here.
  const options = readPluginOptions(request.parameter);
  const overlay = options.policies ? readOverlay(options.policies) : undefined;
  const {
    files: protoFile,
    faults: overlayFaults,
    places,
  } = overlay
    ? applyOverlay(request.protoFile, overlay, options.policiesOfOthers ?? false)
    : { files: request.protoFile, faults: [], places: undefined };
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: [...protoFile] }));
  const files = request.fileToGenerate.map((name) => registry.getFile(name)).filter((file): file is DescFile => !!file);
  const { services, faults: serviceFaults } = findServices(files, registry, options, places);
  // A method whose overlay is faulty has no policy; that it has none is no news then.
  const faults = [...messageFaults(files), ...(overlayFaults.length > 0 ? overlayFaults : serviceFaults)];
  if (faults.length > 0) return create(CodeGeneratorResponseSchema, { ...supported, error: faults.join("\n") });
  const descriptors = createDescriptors();
  const definitions = files
    .filter((file) => file.services.length > 0)
    .map((file) => ({
      name: `${file.name}_interlock.ts`,
      content: printFile(
        file,
        services.filter(({ desc }) => desc.file === file),
        descriptors,
      ),
    }));
  const messages = printMessages(files, registry.files, options.timestamps);
  const described = definitions.length === 0 ? [] : [{ name: descriptorsFile, content: printDescriptors(files) }];
  const manifest = { name: manifestFile, content: `${JSON.stringify(createManifest(services), undefined, 2)}\n` };
  return create(CodeGeneratorResponseSchema, {
    ...supported,
    file: [...messages, ...definitions, ...descriptors.files(), ...described, manifest],
  });
}

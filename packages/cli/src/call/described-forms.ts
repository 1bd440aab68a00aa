import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createFileRegistry, type DescMessage, fromBinary, type Registry } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { InterlockError } from "@interlock/bot";
import { unreadable } from "@interlock/bot/internal";
import type { AnyMethod, ManifestMethod } from "@interlock/policy";
import { descriptorsFile } from "protoc-gen-interlock";
import type { MessageForms } from "./message-forms.js";
import { messageFromJson, messageToJson } from "./message-json.js";
import { notGenerated } from "./read-manifest.js";

/**
 * Makes the forms of a method from the descriptors that `interlock generate` wrote beside the manifest: the JSON mapping of
 * protobuf. `undefined` when there are none.
 */
export async function describedForms(manifest: string, method: ManifestMethod): Promise<MessageForms | undefined> {
  return (await openDescribedForms(manifest))?.(method);
}

/** The forms of a method that descriptors have. */
export type DescribedForms = MessageForms & Required<Pick<MessageForms, "input" | "show">>;

/**
 * Reads the descriptors once, for the forms of many methods. `undefined` when there are none. What it gives throws
 * `FAILED_PRECONDITION` for a method whose messages they lack.
 */
export async function openDescribedForms(
  manifest: string,
): Promise<((method: ManifestMethod) => DescribedForms) | undefined> {
  const path = join(dirname(manifest), descriptorsFile);
  const registry = await readDescriptors(path);
  if (registry === undefined) return undefined;
  return (method) => {
    const [input, output] = [method.request, method.response].map((name) => {
      const desc = registry.getMessage(name);
      if (desc) return desc;
      throw new InterlockError("FAILED_PRECONDITION", `${path} does not have ${name}: ${notGenerated}.`);
    }) as [DescMessage, DescMessage];
    return {
      request: bytesCodec,
      response: bytesCodec,
      read: (text) => messageFromJson(input, text, registry),
      write: (answer) => messageToJson(output, answer as Uint8Array, registry) as object,
      input,
      show: (request) => messageToJson(input, request, registry) as object,
    };
  };
}

/** The client is handed and hands over whole messages. */
const bytesCodec: AnyMethod["request"] = {
  encode: (bytes: Uint8Array) => ({ finish: () => bytes }),
  decode: (bytes: Uint8Array) => Uint8Array.from(bytes),
  fromPartial: (bytes: Uint8Array) => bytes,
};

async function readDescriptors(path: string): Promise<Registry | undefined> {
  const text = await readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT" || cause.code === "ENOTDIR") return undefined;
    throw unreadable(path, cause) ?? cause;
  });
  if (text === undefined) return undefined;
  try {
    return createFileRegistry(fromBinary(FileDescriptorSetSchema, Buffer.from(text, "base64")));
  } catch (cause) {
    throw new InterlockError("FAILED_PRECONDITION", `${path} is damaged: ${notGenerated}.`, { cause });
  }
}

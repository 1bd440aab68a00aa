import { resolve } from "node:path";
import type { ServiceDefinition as LoadedService, MethodDefinition } from "@grpc/proto-loader";
import { InterlockError } from "@interlock/bot";
import type { AnyMethod, ManifestService } from "@interlock/policy";
import { descriptorsFile } from "protoc-gen-interlock";
import { checkImports } from "./check-imports.js";
import { checkMessage } from "./check-message.js";
import type { MessageForms } from "./message-forms.js";
import { parseMessageText } from "./message-json.js";
import { moduleFolders } from "./module-folders.js";
import { policyProtos } from "./policy-protos.js";
import { isJsonList, isJsonNumber, isJsonObject, type Json } from "./read-json.js";

const warning =
  `warning: there is no ${descriptorsFile} beside the manifest, so the proto files are read as they are: messages of ` +
  'google.protobuf have no form of their own. Copy it, or run "interlock generate"';

/** Makes the forms of a method from the proto files themselves, where nothing but they and the manifest was copied. */
export async function loadedForms(protos: string, service: ManifestService, method: string): Promise<MessageForms> {
  const loaded = (await loadService(protos, service))[method] as MethodDefinition<object, object> | undefined;
  if (loaded === undefined) {
    const problem = `The proto files in ${protos} do not have ${service.name}/${method}, as the manifest does`;
    throw new InterlockError("FAILED_PRECONDITION", `${problem}: run "interlock generate" again.`);
  }
  return {
    request: codec(loaded.requestSerialize, loaded.requestDeserialize),
    response: codec(loaded.responseSerialize, loaded.responseDeserialize),
    read(text) {
      const message = plain(parseMessageText(text));
      if (typeof message !== "object" || message === null || Array.isArray(message)) {
        throw new InterlockError(
          "INVALID_ARGUMENT",
          `The message was not sent: write an object, such as '{"newtons": 4}'.`,
        );
      }
      checkMessage(message, understood(loaded, message));
      return message;
    },
    write: (answer) => answer,
    warning,
  };
}

function understood(loaded: MethodDefinition<object, object>, message: object): object {
  try {
    return loaded.requestDeserialize(loaded.requestSerialize(message));
  } catch (cause) {
    throw new InterlockError("INVALID_ARGUMENT", `The message was not sent: ${(cause as Error).message}.`, { cause });
  }
}

async function loadService(protos: string, { file, name }: ManifestService): Promise<LoadedService> {
  const includeDirs = [resolve(protos), ...(await moduleFolders(process.cwd())), policyProtos()];
  await checkImports(file, includeDirs);
  const { load } = await import("@grpc/proto-loader");
  const definition = await load(file, {
    includeDirs,
    longs: String,
    enums: String,
    bytes: String,
    defaults: true,
    oneofs: true,
  }).catch((cause: Error) => {
    const problem = `${file} cannot be read: ${cause.message}. Correct it, or copy ${descriptorsFile} beside the manifest.`;
    throw new InterlockError("FAILED_PRECONDITION", problem, { cause });
  });
  return (definition[name] ?? {}) as LoadedService;
}

/** The value as the library takes it. A whole number that would lose digits is a string there, too. */
function plain(json: Json): unknown {
  if (isJsonList(json)) return json.map(plain);
  if (isJsonObject(json)) return Object.fromEntries([...json].map(([key, value]) => [key, plain(value)]));
  if (!isJsonNumber(json)) return json;
  const value = Number(json.digits);
  return Number.isSafeInteger(value) || !/^-?\d+$/.test(json.digits) ? value : json.digits;
}

function codec(serialize: (message: object) => Buffer, deserialize: (bytes: Buffer) => object): AnyMethod["request"] {
  return {
    encode: (message: object) => ({ finish: () => serialize(message) }),
    decode: (bytes: Uint8Array) => deserialize(Buffer.from(bytes)),
    fromPartial: (message: object) => message,
  };
}

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import type { ServiceDefinition as LoadedService, MethodDefinition } from "@grpc/proto-loader";
import { InterlockError } from "@interlock/bot";
import type { AnyMethod, Manifest, ManifestService, ServiceDefinition } from "@interlock/policy";
import { checkMessage } from "./check-message.js";

/** A method that was found in proto files and manifest. */
export interface FoundMethod {
  /** The service with only this method, so that a token request names only its scopes. */
  readonly service: ServiceDefinition;
  readonly key: string;
  readonly method: AnyMethod;
  /** Throws `INVALID_ARGUMENT` for a message with fields or values that this method does not have. */
  check(message: object): void;
}

const notGenerated = 'run "interlock generate" first, in the project\'s folder';

/** Finds `Service/Method` in a project. Rejects with `NOT_FOUND` when none or several match. */
export async function findMethod(
  name: string,
  { protos, manifest }: { protos: string; manifest: string },
): Promise<FoundMethod> {
  const { services } = await readManifest(manifest);
  const [wantedService = "", wantedMethod = ""] = name.replace(/^\//, "").split("/");
  const matching = services.filter(
    (service) => service.name === wantedService || service.name.endsWith(`.${wantedService}`),
  );
  const [service] = matching;
  if (!service || matching.length > 1) throw ambiguous("service", wantedService, matching, services);
  const described = service.methods.find((method) => method.name === wantedMethod);
  if (!described) throw ambiguous("method", wantedMethod, [], service.methods);
  const loaded = (await loadService(protos, service))[wantedMethod] as MethodDefinition<object, object>;
  const method: AnyMethod = {
    path: described.path,
    kind: described.kind,
    policy: described.policy,
    request: codec(loaded.requestSerialize, loaded.requestDeserialize),
    response: codec(loaded.responseSerialize, loaded.responseDeserialize),
  };
  return {
    service: { name: service.name, servedBy: service.servedBy, methods: { [wantedMethod]: method } },
    key: wantedMethod,
    method,
    check: (message) => checkMessage(message, loaded.requestDeserialize(loaded.requestSerialize(message))),
  };
}

async function readManifest(path: string): Promise<Manifest> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (cause) {
    throw new InterlockError("FAILED_PRECONDITION", `There is no ${path}: ${notGenerated}.`, { cause });
  }
}

async function loadService(protos: string, { file, name }: ManifestService): Promise<LoadedService> {
  const policyProtos = join(dirname(createRequire(import.meta.url).resolve("@interlock/policy")), "../protos");
  const { load } = await import("@grpc/proto-loader");
  const definition = await load(file, {
    includeDirs: [resolve(protos), policyProtos],
    longs: String,
    enums: String,
    bytes: String,
    defaults: true,
    oneofs: true,
  });
  return definition[name] as LoadedService;
}

function codec(serialize: (message: object) => Buffer, deserialize: (bytes: Buffer) => object): AnyMethod["request"] {
  return {
    encode: (message: object) => ({ finish: () => serialize(message) }),
    decode: (bytes: Uint8Array) => deserialize(Buffer.from(bytes)),
    fromPartial: (message: object) => message,
  };
}

function ambiguous(
  kind: string,
  wanted: string,
  matching: readonly { name: string }[],
  all: readonly { name: string }[],
) {
  const found =
    matching.length === 0 ? `There is no ${kind} "${wanted}"` : `There are several ${kind}s called "${wanted}"`;
  return new InterlockError(
    "NOT_FOUND",
    `${found}; there are: ${(matching.length ? matching : all).map((s) => s.name).join(", ")}.`,
  );
}

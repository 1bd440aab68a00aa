import type { AnyMethod, ServiceDefinition } from "@interlock/policy";
import { describedForms } from "./described-forms.js";
import { findService, notFound } from "./find-service.js";
import { loadedForms } from "./loaded-forms.js";
import type { MessageForms } from "./message-forms.js";
import { readManifest } from "./read-manifest.js";

/** A method that was found in the manifest of a project. */
export interface FoundMethod extends Pick<MessageForms, "read" | "write" | "warning" | "input" | "show"> {
  /** The service with only this method. */
  readonly service: ServiceDefinition;
  readonly key: string;
  readonly method: AnyMethod;
}

/** Finds `Service/Method` in a project. Rejects with `NOT_FOUND` when none or several match. */
export async function findMethod(
  name: string,
  { protos, manifest }: { protos: string; manifest: string },
): Promise<FoundMethod> {
  const { services } = await readManifest(manifest);
  const [wantedService = "", wantedMethod = ""] = name.replace(/^\//, "").split("/");
  const service = findService(services, wantedService);
  const described = service.methods.find((method) => method.name === wantedMethod);
  if (!described) throw notFound("method", wantedMethod, service.methods);
  const forms = (await describedForms(manifest, described)) ?? (await loadedForms(protos, service, wantedMethod));
  const { path, kind, policy } = described;
  const { name: fullName, servedBy, via } = service;
  const method: AnyMethod = { path, kind, policy, request: forms.request, response: forms.response };
  return {
    ...forms,
    service: { name: fullName, servedBy, ...(via && { via }), methods: { [wantedMethod]: method } },
    key: wantedMethod,
    method,
  };
}

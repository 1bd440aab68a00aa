import type { Manifest, ManifestService } from "@interlock/policy";
import type { FoundService } from "./found-service.js";

/** Creates the manifest: services sorted by name, methods in their declared order. The same input gives the same manifest. */
export function createManifest(services: readonly FoundService[]): Manifest {
  const byName = (a: ManifestService, b: ManifestService) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  return { version: 1, services: services.map(manifestService).sort(byName) };
}

function manifestService({ desc, methods, ...facts }: FoundService): ManifestService {
  return {
    name: desc.typeName,
    file: desc.file.proto.name,
    ...facts,
    methods: methods.map(({ desc: method, kind, path, idempotency, constrained, policy }) => ({
      name: method.name,
      path,
      kind,
      ...(idempotency && { idempotency }),
      ...(constrained && { constrained }),
      request: method.input.typeName,
      response: method.output.typeName,
      policy,
    })),
  };
}

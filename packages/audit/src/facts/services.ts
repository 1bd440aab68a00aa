import type { ServedMethod, ServedService } from "@interlock/policy";
import { isRetired } from "../ended.js";
import type { Fleet } from "../inputs/fleet.js";
import type { AuditInputs } from "../inputs/inputs.js";
import { isInterlocks } from "../own-services.js";
import { servedServices } from "../served-services.js";

/** A method with its service. */
export interface KnownMethod extends ServedMethod {
  /** The full name of the service. */
  readonly service: string;
  /** `package.Service/Method`. */
  readonly subject: string;
}

/** The services that the project declares and those that bots have reported; one may be there in several versions. */
export function knownServices(inputs: AuditInputs): ServedService[] {
  return [...(inputs.project?.services ?? []), ...servedServices(inputs)];
}

/** The methods of services, each with its service. */
export function methodsOf<S extends ServedService>(services: readonly S[]): (S["methods"][number] & KnownMethod)[] {
  return services.flatMap(({ name, methods }) =>
    methods.map((method) => ({ ...method, service: name, subject: `${name}/${method.name}` })),
  );
}

/**
 * The methods that the project declares; where it is not known, those that bots have reported. One of each name, and none that
 * has been retired.
 */
export function declaredMethods(inputs: AuditInputs): KnownMethod[] {
  const { project, fleet } = inputs;
  const services = project && project.services.length > 0 ? project.services : knownServices(inputs);
  const methods = methodsOf(services).filter(
    ({ service, subject }) => !isInterlocks(service) && !isRetired(fleet, subject),
  );
  return [...new Map(methods.map((method) => [method.subject, method])).values()];
}

/** The services of the manifest that a process has reported; empty when it has reported none. */
export function servicesOf(fleet: Fleet, manifestHash: string): readonly ServedService[] {
  return fleet.manifests.get(manifestHash) ?? [];
}

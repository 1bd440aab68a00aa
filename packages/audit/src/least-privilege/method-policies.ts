import type { AuditInputs } from "../inputs/inputs.js";
import { servedServices } from "../served-services.js";

/** What a method needs, over every version of it that is known. */
export interface MethodPolicy {
  /** The scopes that a version of it needs. */
  readonly scopes: ReadonlySet<string>;
  /** Whether a version of it takes any bot. */
  readonly anyBot: boolean;
  /** Whether a call of it may stay open. */
  readonly streams: boolean;
}

/** The policies of the methods of a fleet. */
export interface MethodPolicies {
  /** @param method - `package.Service/Method`. */
  of(method: string): MethodPolicy | undefined;
  /** Whether a manifest with the service is known. */
  has(service: string): boolean;
  /** Whether a method of the service needs the scope. */
  needs(service: string, scope: string): boolean;
}

/** Collects the policies from the manifests of bots that may serve what is in them, and from those of the project. */
export function collectPolicies(inputs: AuditInputs): MethodPolicies {
  const methods = new Map<string, { scopes: Set<string>; anyBot: boolean; streams: boolean }>();
  const services = new Map<string, Set<string>>();
  for (const service of [...servedServices(inputs), ...(inputs.project?.services ?? [])]) {
    const needed = services.get(service.name) ?? new Set();
    services.set(service.name, needed);
    for (const { path, kind, policy } of service.methods) {
      const method = path.slice(1);
      const known = methods.get(method) ?? { scopes: new Set(), anyBot: false, streams: false };
      methods.set(method, known);
      for (const scope of policy.scopes) {
        known.scopes.add(scope);
        needed.add(scope);
      }
      known.anyBot ||= policy.anyBot;
      known.streams ||= kind !== "unary";
    }
  }
  return {
    of: (method) => methods.get(method),
    has: (service) => services.has(service),
    needs: (service, scope) => services.get(service)?.has(scope) ?? false,
  };
}

/** The service of a method. */
export function serviceOf(method: string): string {
  return method.slice(0, Math.max(0, method.lastIndexOf("/")));
}

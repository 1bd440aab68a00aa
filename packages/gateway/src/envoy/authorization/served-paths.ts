import type { ServedMethod, ServedService } from "@interlock/policy";
import { healthPath } from "../names.js";

/** A method behind the door, with its service. */
export interface DoorMethod {
  /** The full name of its service. */
  readonly service: string;
  readonly method: ServedMethod;
}

/** The health check of the door, which the server of the authorization service answers. */
const health: DoorMethod = {
  service: "grpc.health.v1.Health",
  method: {
    name: "Check",
    path: healthPath,
    kind: "unary",
    policy: {
      scopes: [],
      anyBot: true,
      purpose: "Tell whether a service is ready.",
      risk: "low",
      dataClasses: ["internal"],
      callers: [],
    },
  },
};

/** The methods of some services by their paths. A path stands there byte by byte: one with a query is another. */
export function servedPaths(services: readonly ServedService[]): ReadonlyMap<string, DoorMethod> {
  const methods = services.flatMap(({ name, methods }) => methods.map((method) => ({ service: name, method })));
  return new Map([health, ...methods].map((one) => [one.method.path, one]));
}

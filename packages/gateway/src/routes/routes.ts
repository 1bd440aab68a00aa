import type { ServedService, ServiceDefinition } from "@interlock/policy";

/** A service that the gateway passes on. */
export interface ServiceRoute {
  /** The service: its generated definition, or its entry in the manifest. What it does not name is not passed on. */
  readonly service: ServiceDefinition | ServedService;
  /** Where it is served, `host:port` each. Default: at the bots that the directory knows. */
  readonly addresses?: readonly string[] | undefined;
  /** Identity patterns of the bots that serve it. Default: `served_by` of the service. */
  readonly servers?: readonly string[] | undefined;
  /**
   * Passes its methods that any bot may call, in the gateway's own name: without a token, nothing can tell the bot for whom the gateway
   * calls. Default: false, such a call is refused with `ACTOR_NOT_ALLOWED`.
   */
  readonly anyBot?: boolean | undefined;
  /**
   * Its proto file with all imports, for JSON at the Connect port: a serialized `google.protobuf.FileDescriptorSet` in base64, such as
   * the content of `interlock.descriptors.b64`. Default: that of its definition; a manifest has none.
   */
  readonly descriptors?: string | undefined;
}

/** The services that a gateway passes on. */
export type Routes = readonly (ServiceDefinition | ServiceRoute)[];

/** A route in its long form, its service without messages. */
export interface CompleteRoute {
  readonly service: ServedService;
  readonly addresses: readonly string[] | undefined;
  readonly servers: readonly string[];
  readonly anyBot: boolean;
  readonly descriptors: string | undefined;
}

/**
 * Completes and checks routes.
 *
 * @param serversOf - The bots at which a service is called whose route names none. Default: `served_by`.
 * @throws A `TypeError` that names every fault: a service twice, or one of which nothing says which bots may serve it.
 */
export function completeRoutes(
  routes: Routes,
  serversOf: (service: ServiceDefinition | ServedService) => readonly string[] = ({ servedBy }) => servedBy,
): readonly CompleteRoute[] {
  const faults: string[] = [];
  const seen = new Set<string>();
  const complete = routes.map((route) => {
    const {
      service,
      addresses,
      servers,
      anyBot = false,
      descriptors,
    }: ServiceRoute = "service" in route ? route : { service: route };
    const { name } = service;
    if (seen.has(name)) faults.push(`${name} has two routes: keep one`);
    seen.add(name);
    const expected = servers ?? serversOf(service);
    if (expected.length === 0) {
      faults.push(`${name} does not say which bots serve it: add served_by to its proto file, or servers to its route`);
    }
    if (addresses?.length === 0) faults.push(`${name} has an empty list of addresses: leave it out, or fill it`);
    const own = "descriptors" in service ? service.descriptors : undefined;
    return { service: asServed(service), addresses, servers: expected, anyBot, descriptors: descriptors ?? own };
  });
  if (faults.length > 0) throw new TypeError(`The routes cannot be used:\n  ${faults.join("\n  ")}`);
  return complete;
}

function asServed(service: ServiceDefinition | ServedService): ServedService {
  if (Array.isArray(service.methods)) return service as ServedService;
  const { methods, ...rest } = service as ServiceDefinition;
  return {
    ...rest,
    methods: Object.values(methods).map(({ path, kind, idempotency, policy }) => ({
      name: path.slice(path.lastIndexOf("/") + 1),
      path,
      kind,
      ...(idempotency && { idempotency }),
      policy,
    })),
  };
}

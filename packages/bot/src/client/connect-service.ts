import type { ServiceDefinition } from "@interlock/policy";
import { createChoosingConnector } from "./choosing-connector.js";
import { type Connector, type ConnectorOptions, createConnector } from "./connector.js";
import { createLookUp, type LookUpOptions } from "./look-up.js";

/**
 * Connects to a service: at its address, at the first of several addresses that serves, or, with no address, where the directory
 * says that it is served.
 *
 * @param expected - Identity patterns, one of which the server has to match.
 * @throws InterlockError `FAILED_PRECONDITION` where it cannot be looked up; see `createLookUp`.
 */
export function connectService(
  service: ServiceDefinition,
  addresses: readonly string[] | undefined,
  expected: readonly string[],
  options: ConnectorOptions & Pick<LookUpOptions, "locate">,
): Connector {
  const [only = "", ...others] = addresses ?? [];
  if (addresses && others.length === 0) return createConnector(service, only, expected, options);
  const places = addresses?.map((address) => ({ address, servers: expected }));
  const { clock, recorder, deprecations, tokens, times } = options;
  return createChoosingConnector({
    service,
    find: places ? async () => places : createLookUp(service, expected, options),
    connect: ({ address, servers }) => createConnector(service, address, servers, options),
    clock,
    recorder,
    deprecations,
    tokens,
    idleMs: times.idleMs,
  });
}

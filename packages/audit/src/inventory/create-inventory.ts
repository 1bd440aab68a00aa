import { createCoverage } from "../coverage.js";
import { isRetired } from "../ended.js";
import { defaultWindowMs } from "../inputs/default-window.js";
import type { AuditInputs } from "../inputs/inputs.js";
import { compareText } from "../text.js";
import { collectBots } from "./collect-bots.js";
import { collectCallers } from "./collect-callers.js";
import { collectMethods } from "./collect-methods.js";
import { collectServers } from "./collect-servers.js";
import { createEndpoint } from "./create-endpoint.js";
import type { Endpoint, Inventory } from "./inventory.js";

/** How {@link createInventory} judges. */
export interface InventoryOptions {
  /** Default: that of the inputs. */
  readonly windowMs?: number | undefined;
}

/**
 * Makes the inventory: a row for each method that any source knows, from the proto files of a project over what bots report and
 * call to what a scan finds. A method that none declares, serves, or has called within the window is history and has no row.
 *
 * @param inputs - What is known.
 * @param options - The window.
 */
export function createInventory(inputs: AuditInputs, options: InventoryOptions = {}): Inventory {
  const { now, project, fleet, scan } = inputs;
  const { windowMs = inputs.windowMs ?? defaultWindowMs } = options;
  const since = now - windowMs;
  const methods = collectMethods(inputs);
  const serversOf = collectServers(inputs, since);
  const callsOf = collectCallers(fleet?.usage ?? []);
  const coverage = fleet && createCoverage(fleet, { from: since, to: now });
  const isProject = (project?.services.length ?? 0) > 0;

  const endpoints: Endpoint[] = [];
  for (const known of methods.values()) {
    const { service, method } = known;
    const endpoint = createEndpoint({
      known,
      servers: serversOf(service, method),
      calls: callsOf(method === "" ? service : `${service}/${method}`),
      coverage: coverage?.(service),
      now,
      since,
      isProject,
      isRetired: isRetired(fleet, `${service}/${method}`),
    });
    if (endpoint) endpoints.push(endpoint);
  }
  endpoints.sort((a, b) => compareText(a.name, b.name));
  return {
    at: now,
    windowMs,
    trustDomain: fleet?.trustDomain ?? "",
    sources: { project: isProject, fleet: fleet !== undefined, scan: scan !== undefined },
    endpoints,
    bots: collectBots(fleet),
  };
}

import { type Endpoint, type EndpointState, endpointStates, type Inventory } from "./inventory.js";

/** Which endpoints of an inventory are wanted. */
export interface Selection {
  /** The full name of a service, or its last part. Default: every service. */
  readonly service?: string | undefined;
  /** Endpoints that have one of these states. Default: any. */
  readonly states?: readonly EndpointState[] | undefined;
  /** Whether Interlock's own endpoints are wanted, too. */
  readonly own?: boolean | undefined;
}

/** Selects endpoints. The bots stay; the authority only with its own endpoints. */
export function selectEndpoints(inventory: Inventory, { service, states = [], own = false }: Selection): Inventory {
  const isWanted = (endpoint: Endpoint) =>
    (own || !endpoint.own) &&
    (service === undefined || endpoint.service === service || endpoint.service.endsWith(`.${service}`)) &&
    (states.length === 0 || states.some((state) => endpoint.states.includes(state)));
  const bots = own ? inventory.bots : inventory.bots.filter(({ known }) => known !== "authority");
  return { ...inventory, endpoints: inventory.endpoints.filter(isWanted), bots };
}

/** How many endpoints have each state. */
export function countStates(endpoints: readonly Endpoint[]): Readonly<Record<EndpointState, number>> {
  const counts = Object.fromEntries(endpointStates.map((state) => [state, 0])) as Record<EndpointState, number>;
  for (const { states } of endpoints) for (const state of states) counts[state]++;
  return counts;
}

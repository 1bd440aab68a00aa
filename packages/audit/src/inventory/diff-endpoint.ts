import { comparePolicies } from "../compare-policies.js";
import { timeText } from "../text.js";
import { callerText } from "./caller-text.js";
import type { Endpoint, EndpointState, Inventory } from "./inventory.js";
import { comeAndGo, type InventoryChange } from "./inventory-change.js";

/** Compares one endpoint in two inventories. */
export function diffEndpoint(was: Endpoint, is: Endpoint, before: Inventory, after: Inventory): InventoryChange[] {
  const subject = is.name;
  const policies =
    was.policy && is.policy
      ? comparePolicies(was.policy, is.policy).map(
          ({ direction, text }): InventoryChange => ({
            kind: `policy-${direction}`,
            subject,
            text: `${subject} ${text}.`,
          }),
        )
      : [];
  const fleet = before.sources.fleet && after.sources.fleet;
  return [
    ...policies,
    ...diffStates(was, is, before, after),
    ...(fleet ? diffServers(was, is) : []),
    ...(fleet ? diffCallers(was, is, before, after) : []),
  ];
}

/** States that one of the inventories had no source for are not compared. */
function diffStates(was: Endpoint, is: Endpoint, before: Inventory, after: Inventory): InventoryChange[] {
  const isKnown = (state: EndpointState) =>
    [before, after].every(({ sources }) => {
      if (state === "declared" || state === "undeclared") return sources.project;
      return state === "listening" ? sources.scan : sources.fleet;
    });
  const states = (endpoint: Endpoint) => new Set(endpoint.states.filter(isKnown));
  return comeAndGo(
    () => is.name,
    [states(was), states(is)],
    ["state-gained", (state) => `${is.name} is ${stateText(is, state)} now.`],
    ["state-lost", (state) => `${is.name} is ${stateText(was, state)} no longer.`],
  );
}

function stateText({ unusedSince }: Endpoint, state: string): string {
  if (state === "unknown") return "in part unknown";
  return state === "unused" && unusedSince !== undefined ? `unused since ${timeText(unusedSince)}` : state;
}

function diffServers(was: Endpoint, is: Endpoint): InventoryChange[] {
  const places = ({ servers }: Endpoint) =>
    new Set(servers.filter(({ online }) => online).map(({ bot, address }) => `${bot}${address && ` at ${address}`}`));
  return comeAndGo(
    () => is.name,
    [places(was), places(is)],
    ["server-added", (place) => `${is.name} is served by ${place}.`],
    ["server-gone", (place) => `${is.name} is served by ${place} no longer.`],
  );
}

function diffCallers(was: Endpoint, is: Endpoint, before: Inventory, after: Inventory): InventoryChange[] {
  const within = ({ callers }: Endpoint, { at, windowMs }: Inventory) =>
    new Set(callers.filter(({ lastAt }) => lastAt >= at - windowMs).map(({ bot, actors }) => callerText(bot, actors)));
  return comeAndGo(
    () => is.name,
    [within(was, before), within(is, after)],
    ["caller-new", (caller) => `${caller} calls ${is.name}.`],
    ["caller-gone", (caller) => `${caller} calls ${is.name} no longer.`],
  );
}

import type { Fleet, FleetProcess } from "../inputs/fleet.js";

/** The processes that are there now. */
export function onlineProcesses(fleet: Fleet): FleetProcess[] {
  return fleet.processes.filter(({ online }) => online);
}

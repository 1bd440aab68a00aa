import { dashboardGrants } from "./dashboard/grants.js";

/** The grants of the warehouse. */
export const grants = `
grants:
  "worker/*":
    interlock.swarm.v1.DispatchService: [swarm:work]
    interlock.swarm.v1.SafetyService: [safety:watch, safety:acknowledge]
    interlock.swarm.v1.OperatorService: [swarm:read]
    warehouse.v1.TrafficService: [floor:move]
    warehouse.v1.MachineService: [arm:use, coffee:brew]
  "operator/*":
    interlock.swarm.v1.OperatorService: [swarm:submit, swarm:read, swarm:operate]
    interlock.swarm.v1.SafetyService: [safety:watch, safety:stop]
    warehouse.v1.TrafficService: [floor:read]
    warehouse.v1.RobotService: [robot:read]
  "supervisor/*":
    interlock.swarm.v1.SafetyService: [safety:watch, safety:reset]
    warehouse.v1.MachineService: [coffee:supervise]
    warehouse.v1.RobotService: [robot:read, robot:break]
  "gateway/*":
    interlock.swarm.v1.OperatorService: [token:exchange]
  "inspector/*":
    warehouse.v1.TrafficService: [floor:read]
  "nightly/*":
    interlock.swarm.v1.OperatorService: [swarm:submit, swarm:read]
    warehouse.v1.DiagnosticsService: [diagnostics:order]
${dashboardGrants}`;

import type { Routes } from "@interlock/bot";
import { DispatchService, OperatorService, SafetyService } from "../gen/interlock/swarm/v1/swarm_interlock.js";
import { dispatchService } from "./dispatch-service.js";
import type { Leader } from "./leader.js";
import { operatorService } from "./operator-service.js";
import { safetyService } from "./safety-service.js";

/**
 * Serves a leader's three services, to workers, to operators, and to whoever stops everything.
 *
 * ```ts
 * await bot.serve({ port: 7450 }, leaderRoutes(leader));
 * ```
 */
export function leaderRoutes(leader: Leader): (routes: Routes) => void {
  return (routes) => {
    routes.add(DispatchService, dispatchService(leader));
    routes.add(OperatorService, operatorService(leader));
    routes.add(SafetyService, safetyService(leader));
  };
}

import type { Routes } from "@interlock/bot";
import { DispatchService, OperatorService, SafetyService } from "../gen/interlock/swarm/v1/swarm_interlock.js";
import { dispatchService } from "./dispatch-service.js";
import type { Leader } from "./leader.js";
import { operatorService } from "./operator-service.js";
import { operatorRequestBytes } from "./request-bytes.js";
import { safetyService } from "./safety-service.js";

/**
 * Creates the routes of a leader's three services: for workers, for operators, and for the emergency stop.
 *
 * @param leader - The leader to serve.
 * @returns The function that `bot.serve` takes.
 * @example
 * ```ts
 * await bot.serve({ port: 7450 }, leaderRoutes(leader));
 * ```
 */
export function leaderRoutes(leader: Leader): (routes: Routes) => void {
  return (routes) => {
    routes.add(DispatchService, dispatchService(leader));
    routes.add(OperatorService, operatorService(leader), { requestBytes: operatorRequestBytes(leader.limits) });
    routes.add(SafetyService, safetyService(leader));
  };
}

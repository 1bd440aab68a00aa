import type { Routes } from "@interlock/bot";
import { dispatchService } from "./dispatch-service.js";
import type { Dispatcher } from "./dispatcher.js";
import { DispatchService, OperatorService } from "./gen/interlock/swarm/v1/swarm_interlock.js";
import { operatorService } from "./operator-service.js";

/**
 * Serves a dispatcher's two services, to workers and to operators.
 *
 * ```ts
 * await bot.serve({ port: 7450 }, dispatchRoutes(dispatcher));
 * ```
 */
export function dispatchRoutes(dispatcher: Dispatcher): (routes: Routes) => void {
  return (routes) => {
    routes.add(DispatchService, dispatchService(dispatcher));
    routes.add(OperatorService, operatorService(dispatcher));
  };
}

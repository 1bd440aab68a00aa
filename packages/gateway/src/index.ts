export type { PassedCall, TellCall } from "./access-log.js";
export { type ConnectOptions, type Gateway, type GatewayOptions, openGateway } from "./gateway.js";
export { GatewayService } from "./gen/interlock/gateway/v1/gateway_service_interlock.js";
export { parseRoutes, type RoutesFile, routesOf } from "./routes/parse-routes.js";
export type { Routes, ServiceRoute } from "./routes/routes.js";

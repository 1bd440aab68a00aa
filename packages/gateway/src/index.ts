export type { PassedCall, TellCall } from "./access-log.js";
export {
  type AuthorizationOptions,
  type AuthorizationServer,
  serveAuthorization,
} from "./envoy/authorization/serve-authorization.js";
export { envoyConfiguration } from "./envoy/configuration/envoy-configuration.js";
export type { EnvoyOptions, TokenKeys } from "./envoy/configuration/envoy-options.js";
export { type ConnectOptions, type Gateway, type GatewayOptions, openGateway } from "./gateway.js";
export { GatewayService } from "./gen/interlock/gateway/v1/gateway_service_interlock.js";
export { parseRoutes, type RoutesFile, routesOf } from "./routes/parse-routes.js";
export type { Routes, ServiceRoute } from "./routes/routes.js";
export type { Inbound, InboundOptions } from "./sidecar/inbound.js";
export type { Outbound, OutboundOptions } from "./sidecar/outbound.js";
export { parseSidecar, type SidecarFile, sidecarOptions } from "./sidecar/parse-sidecar.js";
export { openSidecar, type Sidecar, type SidecarOptions } from "./sidecar/sidecar.js";
export { trustedNames } from "./sidecar/trusted-metadata.js";

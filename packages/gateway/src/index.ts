export { type Gateway, type GatewayOptions, openGateway } from "./gateway.js";
export type { Routes, ServiceRoute } from "./routes/routes.js";

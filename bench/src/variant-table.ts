import type { Variant } from "./variant.js";
import type { EndName } from "./variant-name.js";

/** Every variant. A process loads only the one that it needs. */
export const variants: Record<EndName, () => Promise<Variant>> = {
  "grpc-js": async () => (await import("./variants/grpc-js.js")).grpcJs,
  interlock: async () => (await import("./variants/interlock.js")).interlock,
  "interlock+otel": async () => (await import("./variants/interlock-otel.js")).interlockOtel,
  "grpc-js+jwt": async () => (await import("./variants/grpc-js-jwt.js")).grpcJsJwt,
  "nice-grpc": async () => (await import("./variants/nice-grpc.js")).niceGrpc,
  "connect-node": async () => (await import("./variants/connect-node.js")).connectNode,
  "grpc-go": async () => (await import("./variants/grpc-go.js")).grpcGo,
  "bare-wire": async () => (await import("./variants/bare-wire.js")).bareWire,
  "plain-wire": async () => (await import("./variants/bare-wire.js")).plainWire,
  "tls-floor": async () => (await import("./variants/tls-floor.js")).tlsFloor,
};

import type { ServedMethod, ServedService } from "@interlock/policy";
import { healthPath, upstreamHeader } from "../names.js";
import { authorizationCluster } from "./clusters.js";
import { rateOf } from "./rate-limits.js";
import { comment, indent, quote } from "./text.js";

/** How long a call with one answer may take where its caller gave no deadline. */
const unaryTimeout = "300s";

/** Writes the routes: each method by its exact path, and nothing else. */
export function routes(services: readonly ServedService[]): string {
  const blocks = services.flatMap(({ methods }) => methods.map(route));
  return `route_config:
  name: bots
  # What Envoy has written for itself.
  request_headers_to_remove: [${upstreamHeader}, x-forwarded-client-cert, x-forwarded-for, x-forwarded-proto, x-envoy-external-address, x-envoy-internal, x-request-id]
  # Of the connection between Envoy and the bot, and no use to the caller.
  response_headers_to_remove: [interlock-token-reference-offer, interlock-voucher, interlock-vouch-accepted, x-envoy-upstream-service-time]
  virtual_hosts:
  - name: bots
    domains: ["*"]
    routes:
${indent(blocks.join("\n"), 4)}
    # Whether the door serves a service; the authorization service knows.
    - match: { path: ${quote(healthPath)}, grpc: {} }
      route: { cluster: ${authorizationCluster}, timeout: 5s }
    # Everything else: the authorization service counts it, and answers UNIMPLEMENTED.
    - match: { prefix: /, grpc: {} }
      direct_response: { status: 404 }`;
}

function route(method: ServedMethod): string {
  const { path, kind, policy, idempotency } = method;
  // The caller's deadline (grpc-timeout) counts, whatever it is.
  const longest = kind === "unary" ? `max_stream_duration: ${unaryTimeout}, ` : "";
  const retry = idempotency
    ? '\n    # Only what no bot has begun with.\n    retry_policy: { retry_on: "connect-failure,refused-stream", num_retries: 1 }'
    : "";
  const rate = rateOf(policy);
  return `${comment(policy.purpose)}
- match: { path: ${quote(path)}, grpc: {} }
  route:
    cluster_header: ${upstreamHeader}
    timeout: 0s
    max_stream_duration: { ${longest}grpc_timeout_header_max: 0s }${retry}${rate === undefined ? "" : `\n${indent(rate, 2)}`}`;
}

import { isIP } from "node:net";
import { readAddress } from "@interlock/bot/internal";
import type { ServedService } from "@interlock/policy";
import { clusterName, slots } from "../names.js";
import type { CompleteOptions } from "./envoy-options.js";
import { identitiesRegex } from "./identity-regex.js";
import { comment, indent, quote, seconds, type } from "./text.js";
import { keysTls, type UriMatcher, upstreamTls } from "./transport-sockets.js";
import { windows } from "./windows.js";

/** The cluster of the authorization service, and of the health of the door. */
export const authorizationCluster = "interlock.authorization";
/** The cluster of the authority's token keys. */
export const keysCluster = "interlock.keys";

/** Writes every cluster: one for each service and certificate, the authorization service, and the token keys. */
export function clusters(services: readonly ServedService[], options: CompleteOptions): string {
  const blocks = services.flatMap((service) => [
    `${comment(service.description ?? service.name)}
# One cluster for each certificate of the gateway: the authorization service names the one whose certificate the token is bound to.`,
    ...Array.from({ length: slots }, (_, slot) => serviceCluster(service, slot, options)),
  ]);
  blocks.push(authorizationService(options));
  if ("url" in options.keys) blocks.push(tokenKeys(options.keys, options));
  return `clusters:\n${blocks.join("\n")}`;
}

function serviceCluster({ name, servedBy }: ServedService, slot: number, options: CompleteOptions): string {
  const cluster = clusterName(name, slot);
  const { trustDomain } = options;
  const peer: UriMatcher =
    servedBy.length > 0 ? { regex: identitiesRegex(trustDomain, servedBy) } : { prefix: `spiffe://${trustDomain}/` };
  return `- name: ${quote(cluster)}
${indent(endpoints(cluster, options.upstreams[name] ?? []), 2)}
  connect_timeout: 2s
  lb_policy: LEAST_REQUEST
  health_checks:
  - { timeout: 2s, interval: 5s, no_traffic_interval: 15s, unhealthy_threshold: 2, healthy_threshold: 1, grpc_health_check: { service_name: ${quote(name)} } }
  # Only what Envoy sees itself ejects a bot. Its answers do not: a caller could choose them.
  outlier_detection:
    split_external_local_origin_errors: true
    consecutive_local_origin_failure: 3
    enforcing_consecutive_local_origin_failure: 100
    enforcing_local_origin_success_rate: 0
    enforcing_consecutive_5xx: 0
    enforcing_consecutive_gateway_failure: 0
    enforcing_success_rate: 0
    base_ejection_time: 5s
  # Above this Envoy answers 14, which clients retry. Rates, which answer 8, end a flood before it.
  circuit_breakers: { thresholds: [{ max_connections: 1024, max_requests: 65536, max_pending_requests: 65536, max_retries: 16 }] }
${indent(http2("{ interval: 30s, timeout: 10s }", "idle_timeout: 300s"), 2)}
${indent(upstreamTls(slot, peer, options), 2)}`;
}

function authorizationService(options: CompleteOptions): string {
  const { authorization, trustDomain, name, certificateTtlMs } = options;
  return `# Decides on every call, and exchanges tokens. Mutual TLS here, too: both ends show the identity of the gateway.
- name: ${authorizationCluster}
${indent(endpoints(authorizationCluster, [authorization]), 2)}
  connect_timeout: 1s
  circuit_breakers: { thresholds: [{ max_connections: 64, max_requests: 65536, max_pending_requests: 65536, max_retries: 0 }] }
${indent(
  // A connection ends with its certificate, so it is replaced long before.
  http2("{ interval: 10s, timeout: 5s }", `max_connection_duration: ${seconds(certificateTtlMs / 12)}`),
  2,
)}
${indent(upstreamTls(undefined, { exact: `spiffe://${trustDomain}/${name}` }, options), 2)}`;
}

function tokenKeys(
  { url, caFile }: { readonly url: string; readonly caFile?: string | undefined },
  options: CompleteOptions,
) {
  const { hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, "");
  return `# The keys that sign tokens.
- name: ${keysCluster}
${indent(endpoints(keysCluster, [`${hostname}:${port || 443}`]), 2)}
  connect_timeout: 2s
${indent(keysTls(host, caFile, options), 2)}`;
}

function endpoints(cluster: string, addresses: readonly string[]): string {
  const read = addresses.map((address) => readAddress(address));
  const named = read.some(({ host }) => isIP(host) === 0);
  const lines = read.map(
    ({ host, port }) =>
      `    - endpoint: { address: { socket_address: { address: ${quote(host)}, port_value: ${port} } }, hostname: ${quote(host)} }`,
  );
  return `type: ${named ? "STRICT_DNS\ndns_lookup_family: V4_PREFERRED" : "STATIC"}
load_assignment:
  cluster_name: ${quote(cluster)}
  endpoints:
  - lb_endpoints:
${lines.join("\n")}`;
}

function http2(keepalive: string, common: string): string {
  return `typed_extension_protocol_options:
  envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
    ${type("extensions.upstreams.http.v3.HttpProtocolOptions")}
    common_http_protocol_options: { ${common} }
    explicit_http_config:
      http2_protocol_options: { initial_stream_window_size: ${windows.stream}, initial_connection_window_size: ${windows.connection}, max_concurrent_streams: ${windows.streams}, connection_keepalive: ${keepalive} }`;
}

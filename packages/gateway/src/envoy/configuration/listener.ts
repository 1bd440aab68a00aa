import { readAddress } from "@interlock/bot/internal";
import type { ServedService } from "@interlock/policy";
import { accessLog } from "./access-log.js";
import { authorizationFilter } from "./authorization-filter.js";
import type { CompleteOptions } from "./envoy-options.js";
import { rateFilter } from "./rate-limits.js";
import { rbacFilter } from "./rbac-filter.js";
import { routes } from "./routes.js";
import { indent, quote, type } from "./text.js";
import { tokenFilter } from "./token-filter.js";
import { downstreamTls } from "./transport-sockets.js";
import { windows } from "./windows.js";

/** Headers with which a caller could pass for the proxy, or for another caller. They end at the door. */
const forged = ["interlock-", "x-envoy-", "x-forwarded-", "x-original-"];
const forgedExactly = ["forwarded", "x-real-ip", "via"];

/** Writes the one listener: TLS, HTTP/2, and the filters in the order in which a call passes them. */
export function listener(services: readonly ServedService[], options: CompleteOptions): string {
  const { host, port } = readAddress(options.listen);
  const filters = [
    tokenFilter(services, options),
    rateFilter(),
    authorizationFilter(),
    rbacFilter(services, options),
    `- name: envoy.filters.http.router
  typed_config:
    ${type("extensions.filters.http.router.v3.Router")}
    suppress_envoy_headers: true`,
  ];
  return `listeners:
- name: door
  address: { socket_address: { address: ${quote(host)}, port_value: ${port} } }
  per_connection_buffer_limit_bytes: 1048576
  filter_chains:
  - transport_socket_connect_timeout: 10s # A handshake takes ten seconds in all.
${indent(downstreamTls(options), 4)}
    filters:
    - name: envoy.filters.network.http_connection_manager
      typed_config:
        ${type("extensions.filters.network.http_connection_manager.v3.HttpConnectionManager")}
        stat_prefix: door
        codec_type: HTTP2
        # The window of the connection is that of all its streams: one reader that does not read stops no other.
        http2_protocol_options:
          max_concurrent_streams: ${windows.streams}
          initial_stream_window_size: ${windows.stream}
          initial_connection_window_size: ${windows.connection}
          connection_keepalive: { interval: 30s, timeout: 10s }
          override_stream_error_on_invalid_http_message: true
        common_http_protocol_options: { max_headers_count: 200, idle_timeout: 3600s }
        max_request_headers_kb: 32
        request_headers_timeout: 10s
        # Streams live as long as their token lets them.
        stream_idle_timeout: 0s
        # What a caller says of where it comes from, or of a certificate, is not believed and not passed on.
        use_remote_address: true
        skip_xff_append: true
        forward_client_cert_details: SANITIZE_SET
        set_current_client_cert_details: { chain: true } # For the authorization service; no bot gets it.
        early_header_mutation_extensions:
        - name: envoy.http.early_header_mutation.header_mutation
          typed_config:
            ${type("extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation")}
            mutations:
${forged.map((prefix) => `            - remove_on_match: { key_matcher: { prefix: ${quote(prefix)}, ignore_case: true } }`).join("\n")}
${forgedExactly.map((name) => `            - remove: ${name}`).join("\n")}
        # A path is not made good: what is not byte by byte a path below is refused.
        normalize_path: false
        merge_slashes: false
        path_with_escaped_slashes_action: KEEP_UNCHANGED
        strip_any_host_port: false
        server_header_transformation: PASS_THROUGH
        generate_request_id: false
        proxy_100_continue: false
${indent(accessLog(options), 8)}
${indent(routes(services), 8)}
        http_filters:
${indent(filters.join("\n"), 8)}`;
}

import { reasonHeader } from "../names.js";
import type { CompleteOptions } from "./envoy-options.js";
import { indent, type } from "./text.js";

/** Writes the access log: one line of JSON for a call, on standard output. */
export function accessLog({ accessLogPercent }: CompleteOptions): string {
  const sampled =
    accessLogPercent >= 100
      ? ""
      : `
  # Every call that did not succeed, and some of the others.
  filter:
    or_filter:
      filters:
      - grpc_status_filter: { statuses: [OK], exclude: true }
      - runtime_filter: { runtime_key: interlock.access_log, percent_sampled: { numerator: ${Math.round(accessLogPercent * 10_000)}, denominator: MILLION }, use_independent_randomness: true }`;
  const fields = `at: "%START_TIME%"
caller: "%DOWNSTREAM_PEER_URI_SAN%"
subject: "%DYNAMIC_METADATA(envoy.filters.http.jwt_authn:token:sub)%"
certificate: "%DOWNSTREAM_PEER_FINGERPRINT_256%"
address: "%DOWNSTREAM_REMOTE_ADDRESS%"
method: "%REQ(:PATH):256%"
code: "%GRPC_STATUS(SNAKE_STRING)%"
reason: "%RESP(${reasonHeader})%"
call_id: "%RESP(interlock-call-id)%"
details: "%RESPONSE_CODE_DETAILS%"
flags: "%RESPONSE_FLAGS%"
upstream: "%UPSTREAM_HOST%"
cluster: "%UPSTREAM_CLUSTER%"
bytes_in: "%BYTES_RECEIVED%"
bytes_out: "%BYTES_SENT%"
ms: "%DURATION%"
trace: "%REQ(TRACEPARENT):64%"`;
  return `access_log:
- name: envoy.access_loggers.stdout${sampled}
  typed_config:
    ${type("extensions.access_loggers.stream.v3.StdoutAccessLog")}
    log_format:
      json_format:
${indent(fields, 8)}`;
}

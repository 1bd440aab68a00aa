import { authorizationCluster } from "./clusters.js";
import { type } from "./text.js";

/** Writes the filter that asks the authorization service. It fails closed. */
export function authorizationFilter(): string {
  return `# The decision of the same code as in the bots: certificate, revocation, binding, audience, scopes, sunset, rates; and the
# exchange of the token. No answer is UNAVAILABLE, and never a pass.
- name: envoy.filters.http.ext_authz
  typed_config:
    ${type("extensions.filters.http.ext_authz.v3.ExtAuthz")}
    transport_api_version: V3
    failure_mode_allow: false
    status_on_error: { code: ServiceUnavailable }
    # No body: a stream would wait for its end.
    # The certificate comes with its chain in x-forwarded-client-cert, which Envoy writes itself, and nobody else.
    allowed_headers: { patterns: [{ exact: authorization }, { exact: x-forwarded-client-cert }, { exact: traceparent }] }
    # The route names its cluster by a header that the service sets.
    clear_route_cache: true
    grpc_service: { envoy_grpc: { cluster_name: ${authorizationCluster} }, timeout: 2s }`;
}

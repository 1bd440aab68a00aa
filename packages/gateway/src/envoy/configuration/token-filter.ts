import type { ServedService } from "@interlock/policy";
import { keysCluster } from "./clusters.js";
import type { CompleteOptions } from "./envoy-options.js";
import { indent, quote, type } from "./text.js";

/** The name of the one provider of tokens. */
const provider = "authority";

/**
 * Writes the filter that verifies tokens: signature, issuer, expiry. The audience, the binding to the certificate (RFC 8705) and
 * revocation are for the authorization service, which answers with the reason and the code of the contract.
 */
export function tokenFilter(services: readonly ServedService[], options: CompleteOptions): string {
  const paths = services.flatMap(({ methods }) =>
    methods.filter(({ policy }) => !policy.anyBot).map(({ path }) => path),
  );
  const rules = paths.map(
    (path) => `    - match: { path: ${quote(path)} }\n      requires: { provider_name: ${provider} }`,
  );
  return `# The token: signature, issuer, expiry. A call without one, or with a bad one, costs nothing more.
- name: envoy.filters.http.jwt_authn
  typed_config:
    ${type("extensions.filters.http.jwt_authn.v3.JwtAuthentication")}
    providers:
      ${provider}:
        issuer: ${quote(options.issuer)}
        forward: true
        payload_in_metadata: token
        require_expiration: true
        max_lifetime: 600s
        clock_skew_seconds: 5
        jwt_cache_config: { jwt_cache_size: 1000 }
        from_headers: [{ name: authorization, value_prefix: "Bearer " }]
${indent(keys(options), 8)}
    rules:${rules.length > 0 ? `\n${rules.join("\n")}` : " []"}`;
}

function keys({ keys }: CompleteOptions): string {
  if ("jwks" in keys) {
    return `# Written at the time of this file: write it again when the authority's key is rotated.
local_jwks: { inline_string: ${quote(JSON.stringify(keys.jwks))} }`;
  }
  return `remote_jwks:
  http_uri: { uri: ${quote(keys.url)}, cluster: ${keysCluster}, timeout: 2s }
  cache_duration: 60s
  async_fetch: { fast_listener: false, failed_refetch_duration: 1s }
  retry_policy: { num_retries: 2 }`;
}

import type { Policy } from "@interlock/policy";
import { indent, seconds, type } from "./text.js";
import { tokenBucket } from "./token-bucket.js";

/** How many callers a limit remembers; then the least recent is forgotten. */
const callers = 10_000;

/** A bucket that never runs out: the limit is by caller. */
const boundless = "{ max_tokens: 4294967295, tokens_per_fill: 4294967295, fill_interval: 1s }";

/** Has the filter answer 8, which clients do not retry, and not 14. */
const enforced = `rate_limited_as_resource_exhausted: true
filter_enabled: { default_value: { numerator: 100, denominator: HUNDRED } }
filter_enforced: { default_value: { numerator: 100, denominator: HUNDRED } }`;

/**
 * Writes the limit of a method from its policy: one bucket for each caller, who is the subject of the token. A method that
 * takes no token has none here; the authorization service limits its callers.
 */
export function rateOf({ rate, anyBot }: Pick<Policy, "rate" | "anyBot">): string | undefined {
  if (!rate || anyBot) return undefined;
  const { maximumTokens, tokensPerFill, fillIntervalMs } = tokenBucket(rate);
  const limit = `${type("extensions.filters.http.local_ratelimit.v3.LocalRateLimit")}
stat_prefix: rate
${enforced}
rate_limits:
- actions:
  - metadata: { descriptor_key: caller, metadata_key: { key: envoy.filters.http.jwt_authn, path: [{ key: token }, { key: sub }] }, source: DYNAMIC }
max_dynamic_descriptors: ${callers}
descriptors:
- entries: [{ key: caller }]
  token_bucket: { max_tokens: ${maximumTokens}, tokens_per_fill: ${tokensPerFill}, fill_interval: ${seconds(fillIntervalMs)} }
token_bucket: ${boundless}`;
  return `typed_per_filter_config:
  # rate: ${rate.perSecond} a second, ${rate.burst} at once
  envoy.filters.http.local_ratelimit:
${indent(limit, 4)}`;
}

/** Writes the filter that the routes configure. */
export function rateFilter(): string {
  return `# The rates of the policies, by caller.
- name: envoy.filters.http.local_ratelimit
  typed_config:
    ${type("extensions.filters.http.local_ratelimit.v3.LocalRateLimit")}
    stat_prefix: rate`;
}

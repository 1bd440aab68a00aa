import type { Policy, ServedService } from "@interlock/policy";
import { healthPath } from "../names.js";
import type { CompleteOptions } from "./envoy-options.js";
import { escapeRegex, identitiesRegex } from "./identity-regex.js";
import { quote, type } from "./text.js";

/**
 * Writes the filter that allows calls by method, SPIFFE ID and scope. What no line allows is refused. It stands behind the
 * authorization service, as a second wall that does not depend on it.
 */
export function rbacFilter(services: readonly ServedService[], { trustDomain }: CompleteOptions): string {
  const policies = services.flatMap(({ methods }) =>
    methods.map(
      ({ path, policy }) => `      ${quote(path)}:
        permissions: [{ url_path: { path: { exact: ${quote(path)} } } }]
        principals:
        - and_ids:
            ids:
${principals(policy, trustDomain)
  .map((one) => `            - ${one}`)
  .join("\n")}`,
    ),
  );
  return `# Who may call what. What no line allows is refused.
- name: envoy.filters.http.rbac
  typed_config:
    ${type("extensions.filters.http.rbac.v3.RBAC")}
    rules:
      action: ALLOW
      policies:
        ${quote(healthPath)}:
          permissions: [{ url_path: { path: { exact: ${quote(healthPath)} } } }]
          principals: [${authenticated(`spiffe://${escapeRegex(trustDomain)}/.+`)}]
${policies.map((policy) => policy.replace(/^/gm, "  ")).join("\n")}`;
}

function principals({ anyBot, callers, scopes }: Policy, trustDomain: string): string[] {
  const anyone = `spiffe://${escapeRegex(trustDomain)}/.+`;
  const allowed = callers.length > 0 ? identitiesRegex(trustDomain, callers) : anyone;
  if (anyBot) return [authenticated(allowed)];
  return [
    authenticated(anyone),
    // The subject of the token: a bot may act for it.
    claim("sub", allowed),
    ...scopes.map((scope) => claim("scope", `(.* )?${escapeRegex(scope)}( .*)?`)),
  ];
}

function authenticated(regex: string): string {
  return `{ authenticated: { principal_name: { safe_regex: { regex: ${quote(regex)} } } } }`;
}

function claim(name: string, regex: string): string {
  return `{ sourced_metadata: { metadata_matcher: { filter: envoy.filters.http.jwt_authn, path: [{ key: token }, { key: ${name} }], value: { string_match: { safe_regex: { regex: ${quote(regex)} } } } } } }`;
}

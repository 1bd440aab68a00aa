import { identityFile, secretNames, slotFile, trustFile } from "../names.js";
import type { CompleteOptions } from "./envoy-options.js";
import { indent, quote, type } from "./text.js";

type Options = Pick<CompleteOptions, "secrets" | "trustDomain">;

/** Names a secret and the file that holds it. Envoy reads certificates again only where SDS names them. */
function secret(name: string, file: string, { secrets }: Options): string {
  return `{ name: ${quote(name)}, sds_config: { resource_api_version: V3, path_config_source: { path: ${quote(`${secrets}/${file}`)} } } }`;
}

/** A matcher of the one URI in a certificate: exactly this text, or what this prefix or this regular expression says. */
export type UriMatcher = { readonly exact: string } | { readonly prefix: string } | { readonly regex: string };

function matcherOf(uri: UriMatcher): string {
  if ("exact" in uri) return `{ exact: ${quote(uri.exact)} }`;
  return "prefix" in uri ? `{ prefix: ${quote(uri.prefix)} }` : `{ safe_regex: { regex: ${quote(uri.regex)} } }`;
}

function common(certificate: string, peer: UriMatcher, options: Options): string {
  return `alpn_protocols: [h2]
tls_params: { tls_minimum_protocol_version: TLSv1_3, tls_maximum_protocol_version: TLSv1_3 }
tls_certificate_sds_secret_configs:
- ${certificate}
combined_validation_context:
  default_validation_context:
    match_typed_subject_alt_names:
    - { san_type: URI, matcher: ${matcherOf(peer)} }
  validation_context_sds_secret_config: ${secret(secretNames.trust, trustFile, options)}`;
}

/** The TLS of the listener: a certificate of the fleet, or nothing. */
export function downstreamTls(options: Options): string {
  const certificate = secret(secretNames.identity, identityFile, options);
  return `transport_socket:
  name: envoy.transport_sockets.tls
  typed_config:
    ${type("extensions.transport_sockets.tls.v3.DownstreamTlsContext")}
    require_client_certificate: true
    # A resumed session would skip the checks of its certificate.
    disable_stateless_session_resumption: true
    disable_stateful_session_resumption: true
    common_tls_context:
${indent(common(certificate, { prefix: `spiffe://${options.trustDomain}/` }, options), 6)}`;
}

/** The TLS to a bot, with the certificate of a slot, or with the newest one. */
export function upstreamTls(slot: number | undefined, peer: UriMatcher, options: Options): string {
  const certificate =
    slot === undefined
      ? secret(secretNames.identity, identityFile, options)
      : secret(secretNames.slot(slot), slotFile(slot), options);
  return `transport_socket:
  name: envoy.transport_sockets.tls
  typed_config:
    ${type("extensions.transport_sockets.tls.v3.UpstreamTlsContext")}
    max_session_keys: 0
    common_tls_context:
${indent(common(certificate, peer, options), 6)}`;
}

/** The TLS to the authority's HTTPS port, which asks for no certificate at `/jwks`. */
export function keysTls(host: string, caFile: string | undefined, options: Options): string {
  const name = `{ san_type: ${isNumeric(host) ? "IP_ADDRESS" : "DNS"}, matcher: { exact: ${quote(host)} } }`;
  const validation =
    caFile === undefined
      ? `combined_validation_context:
  default_validation_context:
    match_typed_subject_alt_names:
    - ${name}
  validation_context_sds_secret_config: ${secret(secretNames.trust, trustFile, options)}`
      : `validation_context:
  trusted_ca: { filename: ${quote(caFile)} }
  match_typed_subject_alt_names:
  - ${name}`;
  return `transport_socket:
  name: envoy.transport_sockets.tls
  typed_config:
    ${type("extensions.transport_sockets.tls.v3.UpstreamTlsContext")}
    sni: ${quote(host)}
    common_tls_context:
      tls_params: { tls_minimum_protocol_version: TLSv1_2, tls_maximum_protocol_version: TLSv1_3 }
${indent(validation, 6)}`;
}

function isNumeric(host: string): boolean {
  return /^[\d.]+$|:/.test(host);
}

import assert from "node:assert/strict";
import { EchoService } from "@interlock/bot/testing";
import { type ServedService, servedManifest } from "@interlock/policy";
import { parse } from "yaml";
import { envoyConfiguration } from "./envoy-configuration.js";
import type { EnvoyOptions } from "./envoy-options.js";

const options: EnvoyOptions = {
  trustDomain: "cafe",
  name: "gateway/1",
  listen: "0.0.0.0:8443",
  upstreams: { "test.EchoService": ["10.0.0.5:50051", "10.0.0.6:50051"] },
  issuer: "https://auth.cafe.example",
  keys: { url: "https://auth.cafe.example/jwks" },
  secrets: "/run/envoy",
  authorization: "127.0.0.1:9443",
};

const { services } = servedManifest([
  { ...EchoService, servedBy: ["echo/*"] },
  { ...EchoService, name: "test.OtherService", methods: {} },
]);
const [service] = services as [ServedService];

// What is in a configuration of Envoy; the assertions say what is expected.
// biome-ignore lint/suspicious/noExplicitAny: see above.
type Json = any;

function read(given: readonly ServedService[] = services, changed: Partial<EnvoyOptions> = {}) {
  const text = envoyConfiguration(given, { ...options, ...changed });
  const { static_resources: resources, overload_manager: overload, node }: Json = parse(text);
  const [chain] = resources.listeners[0].filter_chains;
  const http = chain.filters[0].typed_config;
  const filter = (name: string): Json => http.http_filters.find((one: Json) => one.name.endsWith(name)).typed_config;
  return { text, node, overload, clusters: resources.clusters as Json[], chain, http, filter };
}

describe("envoyConfiguration", () => {
  it("routes each method by its exact path, and everything else nowhere", () => {
    const { http } = read();
    const { routes } = http.route_config.virtual_hosts[0];
    const paths = service.methods.map(({ path }) => path);
    assert.deepEqual(
      routes.map(({ match }: Json) => match.path ?? match.prefix),
      [...paths, "/grpc.health.v1.Health/Check", "/"],
    );
    assert.deepEqual(routes.at(-1).direct_response, { status: 404 });
    for (const { route } of routes.slice(0, paths.length)) assert.equal(route.cluster_header, "interlock-upstream");
  });

  it("demands a token for every method but those of any bot, and allows what the policy does", () => {
    const { filter } = read();
    const needs = service.methods.filter(({ policy }) => !policy.anyBot).map(({ path }) => path);
    assert.deepEqual(
      filter("jwt_authn").rules.map(({ match }: Json) => match.path),
      needs,
    );
    const { action, policies } = filter("rbac").rules;
    assert.equal(action, "ALLOW");
    assert.deepEqual(
      Object.keys(policies).sort(),
      ["/grpc.health.v1.Health/Check", ...service.methods.map(({ path }) => path)].sort(),
    );
    const reset = JSON.stringify(policies["/test.EchoService/Reset"]);
    assert.match(reset, /echo:reset/);
    assert.match(reset, /"key":"sub"/);
  });

  it("asks the authorization service before it allows anything, and fails closed", () => {
    const { http, filter } = read();
    assert.deepEqual(
      http.http_filters.map(({ name }: Json) => name.replace("envoy.filters.http.", "")),
      ["jwt_authn", "local_ratelimit", "ext_authz", "rbac", "router"],
    );
    const authz = filter("ext_authz");
    assert.deepEqual([authz.failure_mode_allow, authz.status_on_error.code], [false, "ServiceUnavailable"]);
    assert.equal(authz.with_request_body, undefined, "a stream would hang");
  });

  it("has TLS 1.3 with the identity of the other end on every connection within the fleet", () => {
    const { chain, clusters } = read();
    const down = chain.transport_socket.typed_config;
    assert.equal(down.require_client_certificate, true);
    const sides = [
      down,
      ...clusters.filter(({ name }) => name !== "interlock.keys").map((one) => one.transport_socket.typed_config),
    ];
    assert.equal(sides.length, 1 + 3 + 1);
    for (const { common_tls_context: tls } of sides) {
      assert.deepEqual(Object.values(tls.tls_params), ["TLSv1_3", "TLSv1_3"]);
      const [name] = tls.combined_validation_context.default_validation_context.match_typed_subject_alt_names;
      assert.equal(name.san_type, "URI");
      assert.match(JSON.stringify(name.matcher), /spiffe:..cafe/);
    }
  });

  it("has a cluster for each certificate that may be in use, with its own secret", () => {
    const { clusters } = read();
    const own = clusters.filter(({ name }) => name.startsWith("test.EchoService/"));
    assert.deepEqual(
      own.map(({ name, transport_socket: { typed_config: tls } }) => {
        const [secret] = tls.common_tls_context.tls_certificate_sds_secret_configs;
        return [name, secret.sds_config.path_config_source.path];
      }),
      [0, 1, 2].map((slot) => [`test.EchoService/${slot}`, `/run/envoy/upstream-${slot}.json`]),
    );
    for (const { load_assignment: load } of own) assert.equal(load.endpoints[0].lb_endpoints.length, 2);
  });

  it("has connection windows for all streams of a connection", () => {
    const { http, clusters } = read();
    const upstream =
      clusters[0].typed_extension_protocol_options["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"];
    for (const h2 of [http.http2_protocol_options, upstream.explicit_http_config.http2_protocol_options]) {
      assert.ok(h2.initial_connection_window_size >= h2.max_concurrent_streams * h2.initial_stream_window_size);
    }
  });

  it("strips what a caller could pass for another with, and does not mend paths", () => {
    const { http } = read();
    const { mutations } = http.early_header_mutation_extensions[0].typed_config;
    const prefixes = mutations.flatMap((one: Json) => one.remove_on_match?.key_matcher.prefix ?? []);
    assert.deepEqual(prefixes, ["interlock-", "x-envoy-", "x-forwarded-", "x-original-"]);
    assert.equal(http.forward_client_cert_details, "SANITIZE_SET");
    assert.ok(http.route_config.request_headers_to_remove.includes("x-forwarded-client-cert"));
    assert.deepEqual([http.normalize_path, http.merge_slashes], [false, false]);
  });

  it("writes the rate of a method, by caller, answered as RESOURCE_EXHAUSTED", () => {
    const rated = service.methods.map((method) => ({
      ...method,
      policy: { ...method.policy, rate: { perSecond: 2, burst: 5 } },
    }));
    const { http } = read([{ ...service, methods: rated }]);
    const [first] = http.route_config.virtual_hosts[0].routes;
    const limit = first.typed_per_filter_config["envoy.filters.http.local_ratelimit"];
    assert.equal(limit.rate_limited_as_resource_exhausted, true);
    assert.deepEqual(limit.descriptors[0].token_bucket, { max_tokens: 5, tokens_per_fill: 1, fill_interval: "0.5s" });
  });

  it("takes keys within the file, too; then there is no cluster for them", () => {
    const jwks = { keys: [{ kty: "EC", kid: 'a"b' }] };
    const { filter, clusters } = read(services, { keys: { jwks } });
    const [provider] = Object.values<Json>(filter("jwt_authn").providers);
    assert.deepEqual(JSON.parse(provider.local_jwks.inline_string), jwks);
    assert.ok(!clusters.some(({ name }) => name === "interlock.keys"));
  });

  it("keeps texts of the manifest within their comments", () => {
    const evil = "x\nadmin: {}\u2028- y\r\nz: 1";
    const methods = service.methods.map((method) => ({ ...method, policy: { ...method.policy, purpose: evil } }));
    const { text } = read([{ ...service, description: evil, methods }]);
    assert.deepEqual(Object.keys(parse(text)), ["node", "static_resources", "overload_manager"]);
  });

  it("leaves out services without an address", () => {
    const { text } = read();
    assert.ok(!text.includes("test.OtherService"));
  });

  it("refuses a name that is not among the gateways of a service", () => {
    const guarded = [{ ...service, via: ["door/*"] }];
    assert.throws(() => read(guarded), { code: "INVALID_ARGUMENT" });
    assert.equal(read(guarded, { name: "door/1" }).node.id, "door/1");
  });

  for (const [what, changed] of [
    ["a service that the manifest does not have", { upstreams: { "test.Nothing": ["a:1"] } }],
    ["no service", { upstreams: {} }],
    ["an address without a port", { upstreams: { "test.EchoService": ["10.0.0.5"] } }],
    ["a folder that is not whole", { secrets: "run" }],
    ["keys over plain HTTP", { keys: { url: "http://auth.cafe.example/jwks" } }],
    ["no keys", { keys: { jwks: { keys: [] } } }],
    ["a name that is none", { name: "Gateway 1" }],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.throws(() => read(services, changed), { code: "INVALID_ARGUMENT" });
    });
  }
});

import type { ServedService } from "@interlock/policy";
import { clusters } from "./clusters.js";
import { completeOptions, type EnvoyOptions } from "./envoy-options.js";
import { listener } from "./listener.js";
import { indent, quote, type } from "./text.js";

/** The most connections that callers may have, over all of Envoy. */
const maximumConnections = 4_096;

/**
 * Writes a whole configuration of Envoy from the policies of a fleet: mutual TLS on both sides, tokens, the authorization service,
 * who may call what, rates, time limits, a log. Deny by default: a method that the manifest does not name does not pass.
 *
 * @param services - The services of the manifest. Those without an upstream address are left out.
 * @param options - What the manifest does not say.
 * @returns The configuration, YAML with comments.
 * @throws InterlockError `INVALID_ARGUMENT` that names what is wrong in the options.
 *
 * @example
 * ```ts
 * const { services } = parseManifest(await readFile("src/gen/interlock.manifest.json", "utf8"));
 * await writeFile("envoy.yaml", envoyConfiguration(services, options));
 * ```
 */
export function envoyConfiguration(services: readonly ServedService[], options: EnvoyOptions): string {
  const complete = completeOptions(services, options);
  const passed = services.filter(({ name }) => Object.hasOwn(complete.upstreams, name));
  return `# Written by \`interlock gateway envoy\` from the manifest: do not edit it, write it again.
# For Envoy 1.40. What is not named here does not pass.
node: { id: ${quote(complete.name)}, cluster: interlock }
static_resources:
${indent(listener(passed, complete), 2)}
${indent(clusters(passed, complete), 2)}
${overload(complete.maximumHeapBytes)}
`;
}

function overload(maximumHeapBytes: number): string {
  return `# Load is shed before memory grows.
overload_manager:
  refresh_interval: 0.25s
  buffer_factory_config: { minimum_account_to_track_power_of_two: 20 }
  resource_monitors:
  - name: envoy.resource_monitors.global_downstream_max_connections
    typed_config: { ${type("extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig")}, max_active_downstream_connections: ${maximumConnections} }
  - name: envoy.resource_monitors.fixed_heap
    typed_config: { ${type("extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig")}, max_heap_size_bytes: ${maximumHeapBytes} }
  actions:
  - name: envoy.overload_actions.shrink_heap
    triggers: [{ name: envoy.resource_monitors.fixed_heap, threshold: { value: 0.85 } }]
  - name: envoy.overload_actions.reset_high_memory_stream
    triggers: [{ name: envoy.resource_monitors.fixed_heap, scaled: { scaling_threshold: 0.85, saturation_threshold: 0.95 } }]
  - name: envoy.overload_actions.stop_accepting_connections
    triggers: [{ name: envoy.resource_monitors.fixed_heap, threshold: { value: 0.95 } }]`;
}

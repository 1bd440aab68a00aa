import { join } from "node:path";

/** What a SPIRE of one server and one agent is made of. */
export interface SpireSetup {
  readonly folder: string;
  readonly trustDomain: string;
  readonly port: number;
  /** Further plugins of the server, HCL, such as an UpstreamAuthority. Default: none. */
  readonly serverPlugins?: string | undefined;
  /** The port of its bundle endpoint, of the profile `https_spiffe`. Default: it has none. */
  readonly bundlePort?: number | undefined;
  /** Another trust domain whose bundle it fetches by `https_spiffe`. Needs `bundlePort`. Default: none. */
  readonly federatesWith?: FederatedEndpoint | undefined;
}

/** The bundle endpoint of another trust domain. */
export interface FederatedEndpoint {
  readonly trustDomain: string;
  readonly url: string;
  readonly spiffeId: string;
}

/** The sockets of SPIRE. */
export function socketsIn(folder: string): { readonly server: string; readonly agent: string } {
  return { server: join(folder, "server.sock"), agent: join(folder, "agent.sock") };
}

/** The configuration of the server, HCL. */
export function serverConfiguration(setup: SpireSetup): string {
  const { folder, trustDomain, port, serverPlugins = "" } = setup;
  return `server {
  bind_address = "127.0.0.1"
  bind_port = ${port}
  socket_path = "${socketsIn(folder).server}"
  trust_domain = "${trustDomain}"
  data_dir = "${join(folder, "server")}"
  log_level = "INFO"
${federationConfiguration(setup)}
}
plugins {
  DataStore "sql" { plugin_data { database_type = "sqlite3" connection_string = "${join(folder, "server.sqlite3")}" } }
  NodeAttestor "join_token" { plugin_data {} }
  KeyManager "memory" { plugin_data {} }
${serverPlugins}
}
`;
}

function federationConfiguration({ bundlePort, federatesWith }: SpireSetup): string {
  if (bundlePort === undefined) return "";
  const endpoint = `bundle_endpoint { address = "127.0.0.1" port = ${bundlePort} profile "https_spiffe" {} }`;
  if (!federatesWith) return `  federation { ${endpoint} }`;
  const { trustDomain, url, spiffeId } = federatesWith;
  return `  federation {
    ${endpoint}
    federates_with "${trustDomain}" {
      bundle_endpoint_url = "${url}"
      bundle_endpoint_profile "https_spiffe" { endpoint_spiffe_id = "${spiffeId}" }
    }
  }`;
}

/** The configuration of the agent, HCL. It keeps its key on the disk, so that it comes back after it was killed. */
export function agentConfiguration({ folder, trustDomain, port }: SpireSetup, joinToken: string): string {
  return `agent {
  server_address = "127.0.0.1"
  server_port = ${port}
  socket_path = "${socketsIn(folder).agent}"
  data_dir = "${join(folder, "agent")}"
  trust_domain = "${trustDomain}"
  trust_bundle_path = "${join(folder, "bundle.pem")}"
  join_token = "${joinToken}"
  log_level = "INFO"
  experimental { sync_interval = "1s" }
}
plugins {
  NodeAttestor "join_token" { plugin_data {} }
  KeyManager "disk" { plugin_data { directory = "${join(folder, "agent")}" } }
  WorkloadAttestor "unix" { plugin_data {} }
}
`;
}

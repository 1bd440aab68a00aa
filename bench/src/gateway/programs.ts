import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { atExit, freePort } from "@interlock/testing-processes";
import { makeCertificates } from "../certificates.js";
import type { TlsSettings } from "../variants/grpc-js.js";
import type { Door } from "./door.js";

/** A program that passes calls on, with mutual TLS on both sides and nothing else. */
interface Program {
  /** Its command, and how it tells its version. */
  readonly command: string;
  readonly version: readonly string[];
  /** Writes its files, and gives the arguments with which it runs in the foreground. */
  configure(folder: string, port: number, upstream: string): readonly string[];
}

function door({ command, version, configure }: Program): Door {
  return {
    ends: "bare-wire",
    async missing() {
      try {
        await promisify(execFile)(command, [...version]);
        return undefined;
      } catch {
        return `${command} is not installed`;
      }
    },
    async prepare(folder) {
      const certificates = await makeCertificates();
      return {
        settings: certificates,
        close: async () => {},
        async open(upstream) {
          writeCertificates(folder, certificates);
          const port = await freePort();
          const child = spawn(command, configure(folder, port, upstream), { stdio: ["ignore", "ignore", "inherit"] });
          const withdraw = atExit(() => child.kill("SIGKILL"));
          await listens(child, port, command);
          return {
            address: `localhost:${port}`,
            pid: child.pid,
            async close() {
              withdraw();
              child.kill("SIGTERM");
              if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
            },
          };
        },
      };
    },
  };
}

function writeCertificates(folder: string, { server, client }: TlsSettings): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "ca.pem"), server.ca);
  for (const [name, pair] of Object.entries({ server, client })) {
    writeFileSync(join(folder, `${name}.pem`), pair.certificate);
    writeFileSync(join(folder, `${name}.key`), pair.key, { mode: 0o600 });
  }
}

/** Resolves once something listens at the port; rejects when the program has ended before. */
async function listens(child: ChildProcess, port: number, command: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (child.exitCode !== null) throw new Error(`${command} has ended (${child.exitCode})`);
    const socket = connect(port, "127.0.0.1");
    const found = await Promise.race([
      once(socket, "connect").then(() => true),
      once(socket, "error").then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (found) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${command} does not listen`);
}

/** nginx with one worker and `grpc_pass`. */
export const nginx = door({
  command: "nginx",
  version: ["-v"],
  configure(folder, port, upstream) {
    const at = (name: string) => join(folder, name);
    const file = at("nginx.conf");
    writeFileSync(
      file,
      `daemon off; worker_processes 1; pid ${at("nginx.pid")}; error_log stderr error;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path ${at("body")}; proxy_temp_path ${at("proxy")}; fastcgi_temp_path ${at("fastcgi")};
  uwsgi_temp_path ${at("uwsgi")}; scgi_temp_path ${at("scgi")};
  upstream bots { server ${upstream.replace("localhost", "127.0.0.1")}; keepalive 64; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port} ssl http2;
    keepalive_requests 1000000000; http2_max_concurrent_streams 256;
    ssl_protocols TLSv1.3;
    ssl_certificate ${at("server.pem")}; ssl_certificate_key ${at("server.key")};
    ssl_client_certificate ${at("ca.pem")}; ssl_verify_client on;
    location / {
      grpc_pass grpcs://bots;
      grpc_ssl_protocols TLSv1.3; grpc_ssl_name localhost; grpc_ssl_verify on; grpc_ssl_trusted_certificate ${at("ca.pem")};
      grpc_ssl_certificate ${at("client.pem")}; grpc_ssl_certificate_key ${at("client.key")};
      grpc_socket_keepalive on;
    }
  }
}
`,
    );
    return ["-c", file, "-p", folder];
  },
});

/** nghttpx with one worker. */
export const nghttpx = door({
  command: "nghttpx",
  version: ["--version"],
  configure(folder, port, upstream) {
    const at = (name: string) => join(folder, name);
    return [
      `--frontend=127.0.0.1,${port}`,
      `--backend=127.0.0.1,${upstream.split(":")[1]};;proto=h2;tls;sni=localhost`,
      "--workers=1",
      "--verify-client",
      `--verify-client-cacert=${at("ca.pem")}`,
      `--cacert=${at("ca.pem")}`,
      `--client-cert-file=${at("client.pem")}`,
      `--client-private-key-file=${at("client.key")}`,
      "--log-level=ERROR",
      "--conf=/dev/null",
      "--no-ocsp",
      at("server.key"),
      at("server.pem"),
    ];
  },
});

/** Plain Envoy: mutual TLS on both sides, a route, and no filter but the router. */
export const envoy = door({
  command: process.env.INTERLOCK_ENVOY ?? "envoy",
  version: ["--version"],
  configure(folder, port, upstream) {
    const file = join(folder, "envoy.json");
    writeFileSync(file, JSON.stringify(envoyConfiguration(folder, port, upstream)));
    return ["-c", file, "--concurrency", "1", "--log-level", "error", "--use-dynamic-base-id"];
  },
});

function envoyConfiguration(folder: string, port: number, upstream: string): object {
  const at = (name: string) => ({ filename: join(folder, name) });
  const tls = (name: string) => ({
    tls_params: { tls_minimum_protocol_version: "TLSv1_3", tls_maximum_protocol_version: "TLSv1_3" },
    alpn_protocols: ["h2"],
    tls_certificates: [{ certificate_chain: at(`${name}.pem`), private_key: at(`${name}.key`) }],
    validation_context: { trusted_ca: at("ca.pem") },
  });
  const type = (name: string) => ({ "@type": `type.googleapis.com/${name}` });
  const socket = (portValue: number) => ({ socket_address: { address: "127.0.0.1", port_value: portValue } });
  const manager = {
    ...type("envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"),
    stat_prefix: "bench",
    codec_type: "HTTP2",
    route_config: {
      virtual_hosts: [
        {
          name: "all",
          domains: ["*"],
          routes: [{ match: { prefix: "/" }, route: { cluster: "bots", timeout: "0s" } }],
        },
      ],
    },
    http_filters: [{ name: "router", typed_config: type("envoy.extensions.filters.http.router.v3.Router") }],
  };
  return {
    static_resources: {
      listeners: [
        {
          address: socket(port),
          filter_chains: [
            {
              transport_socket: {
                name: "tls",
                typed_config: {
                  ...type("envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"),
                  require_client_certificate: true,
                  common_tls_context: tls("server"),
                },
              },
              filters: [{ name: "http", typed_config: manager }],
            },
          ],
        },
      ],
      clusters: [
        {
          name: "bots",
          type: "STATIC",
          connect_timeout: "5s",
          load_assignment: {
            cluster_name: "bots",
            endpoints: [{ lb_endpoints: [{ endpoint: { address: socket(Number(upstream.split(":")[1])) } }] }],
          },
          typed_extension_protocol_options: {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
              ...type("envoy.extensions.upstreams.http.v3.HttpProtocolOptions"),
              explicit_http_config: { http2_protocol_options: {} },
            },
          },
          transport_socket: {
            name: "tls",
            typed_config: {
              ...type("envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"),
              sni: "localhost",
              common_tls_context: tls("client"),
            },
          },
        },
      ],
    },
  };
}

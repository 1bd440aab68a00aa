import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, BlockList, isIP } from "node:net";
import { checkPort, readInterface } from "../base/address.js";
import { InterlockError } from "../base/error.js";
import type { Metrics } from "./metrics.js";
import { contentTypes, type ExpositionFormat, prometheusText } from "./prometheus-text.js";

/** The options of {@link serveMetrics}. */
export interface MetricsServerOptions {
  /** The port to listen on; 0 for any free port. Default: 9464, the one that OpenTelemetry has for this. */
  readonly port?: number;
  /** The address to listen on. Default: `127.0.0.1`. */
  readonly host?: string;
  /**
   * Whether `host` may be one that other machines reach. They read the metrics without a certificate and without encryption:
   * names of bots and methods, and how often what was refused. Default: false.
   */
  readonly allowRemote?: boolean;
}

/** A running server of metrics. */
export interface MetricsServer {
  /** Where a scraper finds them, for example `http://127.0.0.1:9464/metrics`. */
  readonly url: string;
  readonly port: number;
  /** Closes the port and every connection. */
  close(): Promise<void>;
}

/** The maximum number of connections at once. */
const maximumConnections = 8;
/** The maximum length of an answer, in bytes. */
const maximumBytes = 16 * 1_024 * 1_024;
/** How long a scraper may take to send its request, and to read the answer, in milliseconds. */
const patienceMs = 10_000;

/**
 * Serves metrics over HTTP, in the text formats of Prometheus, at `/metrics`. The values are read when they are asked for.
 * The server answers GET and HEAD only, has at most 8 connections, and closes one that is idle for 10 s. On a loopback address it
 * answers only requests for a loopback host, so that no web page reads it by a name of its own.
 *
 * @param source - A bot, or an authority.
 * @param options - Where to listen.
 * @returns The running server.
 * @throws InterlockError `INVALID_ARGUMENT` for a host that other machines reach without `allowRemote`;
 *   `FAILED_PRECONDITION` when the port cannot be listened on.
 *
 * @example
 * ```ts
 * const server = await serveMetrics(bot, { port: 9464 });
 * console.log(server.url); // http://127.0.0.1:9464/metrics
 * ```
 */
export async function serveMetrics(
  source: { readonly metrics: Pick<Metrics, "collect"> },
  { port = 9464, host: given = "127.0.0.1", allowRemote = false }: MetricsServerOptions = {},
): Promise<MetricsServer> {
  const host = readInterface(given);
  checkPort(port);
  const local = await isLoopback(host);
  if (!local && !allowRemote) {
    throw new InterlockError(
      "INVALID_ARGUMENT",
      `Metrics are served without a certificate, and other machines can reach ${host}: use 127.0.0.1, or set allowRemote (--metrics-allow-remote).`,
    );
  }
  const server = createServer({ maxHeaderSize: 8_192, requestTimeout: patienceMs }, (request, response) => {
    answer(source.metrics, request, response, local);
  });
  server.maxConnections = maximumConnections;
  server.keepAliveTimeout = patienceMs;
  server.on("connection", (socket) => socket.setTimeout(patienceMs, () => socket.destroy()));
  try {
    server.listen(port, host);
    await once(server, "listening");
  } catch (cause) {
    const problem = `Metrics cannot be served at ${host}:${port}`;
    throw new InterlockError("FAILED_PRECONDITION", `${problem}: choose another port.`, { cause });
  }
  server.unref(); // Metrics keep no process alive.
  const { address, port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${isIP(address) === 6 ? `[${address}]` : address}:${bound}/metrics`,
    port: bound,
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function answer(
  metrics: Pick<Metrics, "collect">,
  { method, url, headers }: IncomingMessage,
  response: ServerResponse,
  local: boolean,
): void {
  const fault = faultOf(method, url, local && !isLocalHost(headers.host));
  const format = formatFor(headers.accept);
  const text = Buffer.from(fault ? `${fault[1]}\n` : prometheusText(metrics.collect(), format));
  response.setHeader("x-content-type-options", "nosniff");
  response.setHeader("cache-control", "no-store");
  response.setHeader("vary", "accept");
  if (fault?.[0] === 405) response.setHeader("allow", "GET, HEAD");
  if (!fault && text.length > maximumBytes) {
    response
      .writeHead(500, { "content-type": "text/plain" })
      .end("There are more metrics than an answer may hold: 16 MiB.\n");
    return;
  }
  const type = fault ? "text/plain; charset=utf-8" : contentTypes[format];
  response.writeHead(fault?.[0] ?? 200, { "content-type": type, "content-length": text.length }).end(text);
}

/** Why a request is not answered: a status and a text. */
function faultOf(method = "", url = "", foreign = false): [number, string] | undefined {
  if (foreign) return [403, "Ask for a loopback host."];
  if (method !== "GET" && method !== "HEAD") return [405, "Only GET is answered."];
  return url.replace(/\?.*$/, "") === "/metrics" ? undefined : [404, "The metrics are at /metrics."];
}

/** OpenMetrics for scrapers that name it, as Prometheus does; the older text for all others. */
function formatFor(accept = ""): ExpositionFormat {
  return /application\/openmetrics-text/i.test(accept) ? "openmetrics" : "prometheus";
}

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8);
loopback.addAddress("::1", "ipv6");

async function isLoopback(host: string): Promise<boolean> {
  const found = await lookup(host, { all: true }).catch(() => []);
  return (
    found.length > 0 && found.every(({ address, family }) => loopback.check(address, family === 6 ? "ipv6" : "ipv4"))
  );
}

/** Whether a `Host` is of this machine; a name that an attacker has pointed here is not. */
function isLocalHost(host = ""): boolean {
  const name = host.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
  if (name.toLowerCase() === "localhost") return true;
  const family = isIP(name);
  return family !== 0 && loopback.check(name, family === 6 ? "ipv6" : "ipv4");
}

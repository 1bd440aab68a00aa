import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** The handler of GET on one path. */
export type PageRoute = (request: IncomingMessage, response: ServerResponse) => void;

/** A server of pages on 127.0.0.1. */
export interface PageServer {
  /** `http://127.0.0.1:port/`. */
  readonly url: string;
  close(): Promise<void>;
}

const maximumConnections = 100;

// The page loads only from this server, and no text becomes script: https://www.w3.org/TR/CSP3/.
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const headers = {
  "Content-Security-Policy": policy,
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "Cache-Control": "no-store",
};

/**
 * Creates the server of the page, for browsers on this machine. It accepts GET only, and refuses requests that name another
 * host, so that no foreign page gets in by DNS rebinding.
 */
export async function createPageServer(routes: ReadonlyMap<string, PageRoute>, port: number): Promise<PageServer> {
  let hosts: readonly string[] = [];

  /** The status of a refusal; 0 for none. */
  function refusal({ method, headers: { host = "", origin } }: IncomingMessage): number {
    if (!hosts.includes(host)) return 421;
    if (origin !== undefined && origin !== `http://${host}`) return 403;
    return method === "GET" ? 0 : 405;
  }

  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    const [path = ""] = (request.url ?? "").split("?");
    const route = routes.get(path);
    const status = refusal(request) || (route ? 0 : 404);
    if (status === 0) return route?.(request, response);
    if (status === 405) response.setHeader("Allow", "GET");
    // The request's body is not read.
    response.setHeader("Connection", "close");
    response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8" }).end(`${status}\n`);
  });
  server.maxConnections = maximumConnections;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve());
  });
  const { port: chosen } = server.address() as AddressInfo;
  hosts = [`127.0.0.1:${chosen}`, `localhost:${chosen}`];
  return {
    url: `http://127.0.0.1:${chosen}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { InterlockError } from "@interlock/bot";

/** The handler of GET on one path. */
export type PageRoute = (request: IncomingMessage, response: ServerResponse) => void;

/** Where a page is served, and for which browsers. */
export interface PageServerOptions {
  /** The port on 127.0.0.1; 0 for any free one. */
  readonly port: number;
  /** Whether every program and user of this machine may read the page. Default: false, one browser, which follows the link. */
  readonly open?: boolean;
}

/** A server of a page on 127.0.0.1. */
export interface PageServer {
  /** `http://127.0.0.1:port/`. */
  readonly url: string;
  /**
   * The link that opens the page. It works once: the browser that has followed it is let in from then on. It is
   * {@link url} for an open page.
   */
  readonly link: string;
  /** Frees the port, and ends open pages. */
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

const texts: Readonly<Record<number, string>> = {
  401: 'Open the link that "interlock dashboard" has printed. It works once: for another browser, run the command again.',
  403: "Another page must not ask for this.",
  404: "There is nothing here.",
  405: "This page can be read, and nothing else.",
  421: "Ask for 127.0.0.1.",
};

/**
 * Creates the server of a page. It accepts GET only; refuses requests that name another host, so that no foreign page gets in by
 * DNS rebinding; and, unless the page is open, lets in only the browser that has followed the link, because other users of this
 * machine reach the port, too.
 *
 * ```ts
 * const server = await createPageServer(await readPage(files), { port: 0 });
 * console.log(server.link);
 * ```
 *
 * @throws An `InterlockError` with FAILED_PRECONDITION when the port is taken.
 */
export async function createPageServer(
  routes: ReadonlyMap<string, PageRoute>,
  { port, open = false }: PageServerOptions,
): Promise<PageServer> {
  const key = randomBytes(32).toString("base64url");
  const session = randomBytes(32).toString("base64url");
  let unused = true;
  let hosts: readonly string[] = [];
  let cookie = "";

  /** The status of a refusal; 0 for none. */
  function refusal(request: IncomingMessage, path: string): number {
    const { host = "", origin } = request.headers;
    if (!hosts.includes(host)) return 421;
    if (origin !== undefined && origin !== `http://${host}`) return 403;
    if (request.method !== "GET") return 405;
    if (!open && !isIn(request)) return 401;
    return routes.has(path) ? 0 : 404;
  }

  function isIn({ headers: { cookie: sent = "" } }: IncomingMessage): boolean {
    const values = sent
      .split(/; ?/)
      .flatMap((pair) => (pair.startsWith(`${cookie}=`) ? [pair.slice(cookie.length + 1)] : []));
    return values.length === 1 && same(values[0] as string, session);
  }

  /** Lets the browser in that shows the key, once. */
  function enter(
    { headers: { host = "" }, method }: IncomingMessage,
    query: string,
    response: ServerResponse,
  ): boolean {
    const shown = new URLSearchParams(query).get("key");
    if (!unused || method !== "GET" || !hosts.includes(host) || shown === null || !same(shown, key)) return false;
    unused = false;
    // SameSite: no other page's request has it. A cookie is for all ports of a host, so its name has the port.
    response.setHeader("Set-Cookie", `${cookie}=${session}; HttpOnly; SameSite=Strict; Path=/`);
    response.writeHead(303, { Location: "/" }).end();
    return true;
  }

  const server = createServer({ maxHeaderSize: 8_192, requestTimeout: 10_000 }, (request, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    const [path = "", query = ""] = (request.url ?? "").split("?", 2);
    if (!open && path === "/enter" && enter(request, query, response)) return;
    const status = refusal(request, path);
    if (status === 0) return routes.get(path)?.(request, response);
    if (status === 405) response.setHeader("Allow", "GET");
    // The request's body is not read.
    response.setHeader("Connection", "close");
    response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8" }).end(`${texts[status]}\n`);
  });
  server.maxConnections = maximumConnections;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => {
      const problem = `The dashboard cannot be served at 127.0.0.1:${port}`;
      reject(new InterlockError("FAILED_PRECONDITION", `${problem}: choose another --port.`, { cause }));
    });
    server.listen(port, "127.0.0.1", () => resolve());
  });
  const { port: chosen } = server.address() as AddressInfo;
  hosts = [`127.0.0.1:${chosen}`, `localhost:${chosen}`];
  cookie = `interlock-${chosen}`;
  const url = `http://127.0.0.1:${chosen}/`;
  return {
    url,
    link: open ? url : `${url}enter?key=${key}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function same(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

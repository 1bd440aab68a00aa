import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingHttpHeaders, request } from "node:http";
import { text } from "node:stream/consumers";
import { createPageServer, type PageServer, readPage } from "@interlock/cli/page";
import { swarmPage } from "./swarm-page.js";

describe("the page's server", () => {
  let server: PageServer;
  before(async () => {
    server = await createPageServer(await readPage(swarmPage("live")), { port: 0, open: true });
  });
  after(() => server.close());

  interface Answer {
    readonly status: number | undefined;
    readonly headers: IncomingHttpHeaders;
    readonly body: string;
  }

  /** Sends a request with arbitrary headers, as a program can. */
  async function ask(path: string, method = "GET", headers = {}): Promise<Answer> {
    const { hostname, port } = new URL(server.url);
    const asking = request({ hostname, port, path, method, headers, agent: false });
    asking.end();
    const [response] = await once(asking, "response");
    return { status: response.statusCode, headers: response.headers, body: await text(response) };
  }

  it("serves the page, its style, its font and its modules under its own name", async () => {
    const { port } = new URL(server.url);
    assert.equal(new URL(server.url).hostname, "127.0.0.1");
    for (const path of [
      "/",
      "/index.html",
      "/base.css",
      "/style.css",
      "/icon.svg",
      "/inter.woff2",
      "/page/main.js",
      "/kit/dom.js",
    ]) {
      assert.equal((await ask(path)).status, 200, path);
    }
    const { status, body, headers } = await ask("/?theme=dark", "GET", { host: `localhost:${port}` });
    assert.equal(status, 200);
    assert.match(body, /<html lang="en" data-source="live">/);
    assert.equal(headers["content-type"], "text/html; charset=utf-8");
  });

  it("accepts GET and no other method, on every path", async () => {
    for (const path of ["/", "/page/main.js", "/events", "/submit"]) {
      for (const method of ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE"]) {
        const { status, headers } = await ask(path, method);
        assert.deepEqual([status, headers.allow], [405, "GET"], `${method} ${path}`);
      }
    }
  });

  it("refuses another host, against DNS rebinding", async () => {
    const { port } = new URL(server.url);
    for (const host of ["attacker.example", `attacker.example:${port}`, "127.0.0.1", "localhost", "127.0.0.1:1"]) {
      assert.equal((await ask("/", "GET", { host })).status, 421, host);
    }
    const origin = "http://attacker.example";
    assert.equal((await ask("/", "GET", { origin })).status, 403);
    assert.equal((await ask("/", "GET", { origin: server.url.slice(0, -1) })).status, 200);
  });

  it("serves its own files only, never a file named by a path", async () => {
    const paths = [
      "/nothing",
      "/../package.json",
      "/page/../../package.json",
      "/page/%2e%2e/main.js",
      "//page/main.js",
    ];
    for (const path of [...paths, "/page/tsconfig.json", "/model/fleet-state.test.js", "/__proto__"]) {
      assert.equal((await ask(path)).status, 404, path);
    }
  });

  it("lets the page load from this server only, and run no inline script", async () => {
    for (const path of ["/", "/page/main.js", "/nothing"]) {
      const { headers } = await ask(path);
      const policy = String(headers["content-security-policy"]);
      assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/);
      assert.match(policy, /frame-ancestors 'none'.*require-trusted-types-for 'script'; trusted-types 'none'/);
      assert.doesNotMatch(policy, /unsafe|\*|https?:/);
      assert.equal(headers["x-content-type-options"], "nosniff");
      assert.equal(headers["cross-origin-resource-policy"], "same-origin");
    }
    const { body } = await ask("/");
    assert.doesNotMatch(body, /<script(?![^>]* src=)|\sstyle=|\son\w+=|https?:\/\//);
  });
});

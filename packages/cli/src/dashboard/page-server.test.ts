import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { createPageServer, type PageServer } from "./page-server.js";

describe("the dashboard's server", () => {
  let server: PageServer;
  let served: number;

  beforeEach(async () => {
    served = 0;
    const routes = new Map([
      [
        "/",
        (_: unknown, response: { end(text: string): unknown }) => {
          served++;
          response.end("page");
        },
      ],
    ]);
    server = await createPageServer(routes, { port: 0 });
  });
  afterEach(() => server.close());

  async function ask(path: string, method = "GET", headers: Record<string, string> = {}): Promise<IncomingMessage> {
    const asked = request(new URL(path, server.url), { method, headers, agent: false });
    asked.end();
    const [answer] = (await once(asked, "response")) as [IncomingMessage];
    answer.resume();
    await once(answer, "end");
    return answer;
  }
  const status = async (...args: Parameters<typeof ask>) => (await ask(...args)).statusCode;

  async function enter(): Promise<string> {
    const answer = await ask(server.link);
    assert.deepEqual([answer.statusCode, answer.headers.location], [303, "/"]);
    const [set = ""] = answer.headers["set-cookie"] ?? [];
    assert.match(set, /^interlock-\d+=[\w-]{43}; HttpOnly; SameSite=Strict; Path=\/$/);
    return set.split(";")[0] as string;
  }

  it("lets in the browser that has followed the link, once, and nobody else", async () => {
    assert.equal(await status("/"), 401);
    for (const key of ["", "x", "%00", new URL(server.link).searchParams.get("key")?.slice(1) ?? ""]) {
      assert.equal(await status(`/enter?key=${key}`), 401, key);
    }
    assert.equal(await status(server.link, "POST"), 405, "and the link still works");
    assert.equal(await status(server.link, "GET", { host: "rebound.example" }), 421);
    const cookie = await enter();
    assert.equal(await status("/", "GET", { cookie }), 200);
    assert.equal(await status("/", "GET", { cookie: `a=b; ${cookie}; c=d` }), 200);
    assert.equal(await status(server.link), 401, "it works once");
    const [name = "", value = ""] = cookie.split("=");
    for (const wrong of [`${name}=`, `${name}=x`, `x${cookie}`, `other=${value}`, `${cookie}; ${name}=x`]) {
      assert.equal(await status("/", "GET", { cookie: wrong }), 401, wrong);
    }
    assert.equal(served, 2);
  });

  it("has nothing that acts, and answers no other page", async () => {
    const cookie = await enter();
    for (const method of ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"]) {
      const answer = await ask("/", method, { cookie });
      assert.deepEqual([answer.statusCode, answer.headers.allow], [405, "GET"], method);
    }
    for (const host of ["rebound.example", "127.0.0.1", "127.0.0.1:1", "[::1]:80"]) {
      assert.equal(await status("/", "GET", { cookie, host }), 421, host);
    }
    for (const origin of ["http://rebound.example", "null", server.url]) {
      assert.equal(await status("/", "GET", { cookie, origin }), 403, origin);
    }
    for (const path of ["/x", "/../package.json", "/%2e%2e/package.json", "/index.html/"]) {
      assert.equal(await status(path, "GET", { cookie }), 404, path);
    }
    assert.equal(served, 0);
    assert.equal(await status("/?x=1", "GET", { cookie }), 200);
    const { headers } = await ask("/", "GET", { cookie });
    assert.match(
      String(headers["content-security-policy"]),
      /^default-src 'none'; script-src 'self';.*frame-ancestors 'none'/,
    );
    assert.doesNotMatch(String(headers["content-security-policy"]), /unsafe/);
    assert.equal(headers["referrer-policy"], "no-referrer");
    assert.equal(headers["cache-control"], "no-store");
  });

  it("says which port is taken", async () => {
    const port = Number(new URL(server.url).port);
    await assert.rejects(createPageServer(new Map(), { port }), {
      code: "FAILED_PRECONDITION",
      message: /another --port/,
    });
  });
});

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:tls";
import { startTestAuthority, type TestAuthority } from "../testing/test-authority.js";
import { hasSoundHost, pathOf } from "./request-target.js";

describe("the target of a request (RFC 9112, section 3.2)", () => {
  for (const [url, path] of [
    ["/token?x=1", "/token"],
    ["https://localhost:1/token?x=1", "/token"],
    ["HTTP://a/token", "/token"],
    ["https://localhost", "/"],
    ["https://localhost?x", "/"],
    ["//token", "//token"],
    ["*", "*"],
    ["ftp://a/token", "ftp://a/token"],
  ] as const) {
    it(`${url} is ${path}`, () => assert.equal(pathOf({ url }), path));
  }

  for (const [hosts, sound] of [
    [["localhost:1"], true],
    [["[::1]:1"], true],
    [[""], true],
    [[], true],
    [["a", "a"], false],
    [["a", "b"], false],
    [["a b"], false],
    [["user@a"], false],
    [["a/b"], false],
    [["a:b"], false],
  ] as const) {
    it(`Host ${JSON.stringify(hosts)}: ${sound}`, () => {
      const rawHeaders = hosts.flatMap((host, i) => [i === 0 ? "Host" : "hOST", host]);
      assert.equal(hasSoundHost({ rawHeaders: ["X-Host", "x", ...rawHeaders, "accept", "host"] }), sound);
    });
  }

  describe("at the HTTPS port", () => {
    let fleet: TestAuthority;
    before(async () => (fleet = await startTestAuthority({ https: { port: 0 } })));
    after(() => fleet.close());

    async function statusOf(...lines: readonly string[]): Promise<number> {
      const port = Number(new URL(fleet.authority.issuer).port);
      const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false });
      socket.on("error", () => {});
      await once(socket, "secureConnect");
      socket.write(`${[...lines, "connection: close"].join("\r\n")}\r\n\r\n`);
      const [answer] = (await once(socket, "data")) as [Buffer];
      socket.destroy();
      return Number(/^HTTP\/1\.1 (\d+)/.exec(answer.toString())?.[1]);
    }
    const keys = "/.well-known/openid-configuration";

    it("takes both forms, and refuses two hosts, a malformed one and none", async () => {
      assert.equal(await statusOf(`GET ${keys} HTTP/1.1`, "host: localhost"), 200);
      assert.equal(await statusOf(`GET https://localhost${keys} HTTP/1.1`, "host: localhost"), 200);
      assert.equal(await statusOf(`GET https://localhost${keys}x HTTP/1.1`, "host: localhost"), 404);
      assert.equal(await statusOf(`GET ${keys} HTTP/1.1`, "host: localhost", "host: localhost"), 400);
      assert.equal(await statusOf(`GET https://localhost${keys} HTTP/1.1`, "host: a", "Host: b"), 400);
      assert.equal(await statusOf(`GET ${keys} HTTP/1.1`, "host: a b"), 400);
      assert.equal(await statusOf(`GET ${keys} HTTP/1.1`), 400);
    });
  });
});

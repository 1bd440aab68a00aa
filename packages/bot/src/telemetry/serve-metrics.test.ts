import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { InterlockError } from "../base/error.js";
import type { Bot } from "../bot.js";
import { deferred } from "../testing/deferred.js";
import { type EchoServer, serveEcho } from "../testing/echo-server.js";
import { promTool } from "../testing/prom-tool.js";
import { rawCall, rawSession, shows } from "../testing/raw-client.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";
import { type MetricsServer, serveMetrics } from "./serve-metrics.js";

describe("metrics over HTTP", () => {
  const entered = deferred<void>();
  let fleet: TestFleet;
  let server: EchoServer;
  let caller: Bot;
  let metrics: MetricsServer;

  before(async () => {
    fleet = await createTestFleet();
    server = await serveEcho(fleet, {
      echo(request, { signal }) {
        if (request.reason === "throw") throw new TypeError("a password is hunter2");
        if (request.reason === "missing") throw new InterlockError("NOT_FOUND", "There is none.");
        if (request.reason !== "wait") return request;
        entered.resolve();
        return once(signal, "abort").then(() => ({}));
      },
    });
    caller = await fleet.bot("caller");
    metrics = await serveMetrics(server.bot, { port: 0 });
  });
  after(async () => {
    await metrics.close();
    await caller.close(0);
    await server.bot.close(0);
  });

  async function ask(more: Parameters<typeof request>[1] = {}, path = "/metrics"): Promise<[IncomingMessage, string]> {
    const asked = request(new URL(path, metrics.url), { agent: false, ...more });
    asked.end();
    const [answer] = (await once(asked, "response")) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(chunk);
    return [answer, Buffer.concat(chunks).toString()];
  }
  /** The number of calls of each method, code and outcome. */
  async function counted(side: "server" | "client"): Promise<Record<string, number>> {
    const [, text] = await ask();
    const rows = [...text.matchAll(new RegExp(`^rpc_${side}_call_duration_seconds_count\\{(.*)\\} (\\d+)$`, "gm"))];
    return Object.fromEntries(
      rows.map(([, labels = "", count]) => {
        const of = (name: string) => new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(labels)?.[1];
        const names = ["rpc_method", "rpc_response_status_code", "interlock_outcome"].map(of);
        return [names.filter((name) => name !== undefined).join(" "), Number(count)];
      }),
    );
  }

  it("tell by method, code and outcome how calls ended, and nothing of callers", async () => {
    const client = caller.client(EchoService, server.address);
    await client.echo({ reason: "good" });
    await client.echo({ reason: "good" });
    await assert.rejects(client.echo({ reason: "throw" }), { code: "INTERNAL" });
    await assert.rejects(client.echo({ reason: "missing" }), { code: "NOT_FOUND" });
    const leaving = new AbortController();
    const left = client.echo({ reason: "wait" }, { signal: leaving.signal });
    await entered.promise;
    leaving.abort();
    await assert.rejects(left, { code: "CANCELLED" });
    const session = rawSession(server.port, shows(await fleet.ca.issue("spiffe://test/bad/1")));
    await rawCall(session, EchoService.methods.echo.path);
    await rawCall(session, "/no.Such/Method");
    session.destroy();
    for await (const _ of client.count({ reason: "1" })) break;
    for await (const _ of client.chat([{ reason: "a" }]));
    await server.bot.close(1_000); // Everything has ended on the server, too.

    const method = "test.EchoService";
    assert.deepEqual(await counted("server"), {
      [`${method}/Echo OK answered`]: 2,
      [`${method}/Echo INTERNAL failed`]: 1,
      [`${method}/Echo NOT_FOUND failed`]: 1,
      [`${method}/Echo UNAUTHENTICATED denied`]: 1,
      [`${method}/Echo CANCELLED canceled`]: 1,
      [`${method}/Count CANCELLED canceled`]: 1,
      [`${method}/Chat OK answered`]: 1,
      "_OTHER UNIMPLEMENTED denied": 1,
    });
    // Both bots of this test share one recorder.
    assert.deepEqual(await counted("client"), {
      [`${method}/Echo OK`]: 2,
      [`${method}/Echo INTERNAL`]: 1,
      [`${method}/Echo NOT_FOUND`]: 1,
      [`${method}/Echo CANCELLED`]: 1,
      [`${method}/Count CANCELLED`]: 1,
      [`${method}/Chat OK`]: 1,
    });
    const [, text] = await ask();
    assert.doesNotMatch(text, /bad\/1|no\.Such|hunter2/);
  });

  it("are in the format that a scraper asks for, and right by Prometheus' own checker", async function () {
    const [plain, text] = await ask();
    assert.equal(plain.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    assert.match(text, /^interlock_certificate_remaining_seconds\{interlock_bot="echo\/1"\} 3[56]\d\d(\.\d+)?$/m);
    const [open, more] = await ask({
      headers: { accept: "application/openmetrics-text;version=1.0.0,text/plain;q=0.5" },
    });
    assert.equal(open.headers["content-type"], "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert.ok(more.endsWith("# EOF\n"));
    const objections = promTool(text);
    if (objections === undefined) return this.skip(); // Install Debian's `prometheus` to run it.
    assert.equal(objections, "");
  });

  it("are read with GET and HEAD at one path, and not by a name that was pointed at this machine", async () => {
    const status = async (...args: Parameters<typeof ask>) => (await ask(...args))[0].statusCode;
    assert.equal(await status(), 200);
    assert.equal(await status({ method: "HEAD" }), 200);
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) assert.equal(await status({ method }), 405, method);
    for (const path of ["/", "/metrics/", "/metrics%00", "/x?/metrics"])
      assert.equal(await status({}, path), 404, path);
    assert.equal(await status({}, "/metrics?name=x"), 200);
    for (const host of ["rebound.example", "rebound.example:80", "127.0.0.1.example"]) {
      assert.equal(await status({ headers: { host } }), 403, host);
    }
    for (const host of ["localhost:1", "[::1]:9464", "127.9.9.9"])
      assert.equal(await status({ headers: { host } }), 200);
  });

  it("are refused to other machines unless the options say so", async () => {
    for (const host of ["0.0.0.0", "::", "192.0.2.1", "no-such-host.invalid"]) {
      await assert.rejects(serveMetrics(server.bot, { port: 0, host }), {
        code: "INVALID_ARGUMENT",
        message: /allowRemote/,
      });
    }
    const local = await serveMetrics(server.bot, { port: 0, host: "localhost" });
    assert.match(local.url, /^http:\/\/(127\.0\.0\.1|\[::1\]):\d+\/metrics$/);
    await local.close();
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as AddressInfo;
    await assert.rejects(serveMetrics(server.bot, { port }), {
      code: "FAILED_PRECONDITION",
      message: /choose another port/,
    });
    taken.close();
  });

  it("have eight connections at most", async () => {
    const sockets: Socket[] = [];
    for (let i = 0; i < 8; i++) {
      const socket = connect(metrics.port, "127.0.0.1");
      await once(socket, "connect");
      sockets.push(socket);
    }
    const ninth = connect(metrics.port, "127.0.0.1");
    ninth.on("error", () => {});
    await once(ninth, "close");
    const [first] = sockets;
    first?.write("GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n");
    const [answer] = await once(first as Socket, "data");
    assert.match(String(answer), /^HTTP\/1\.1 200/);
    for (const socket of sockets) socket.destroy();
  });
});

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type OutgoingHttpHeaders } from "node:http2";
import type { Bot } from "@interlock/bot";
import { createTestFleet, EchoService, plaintextSession, rawCall } from "@interlock/bot/testing";
import { openSidecar, type Sidecar } from "@interlock/gateway";
import { freePort } from "@interlock/testing-processes";
import { RoutedEcho } from "./gateway-stage.js";

const grpc = { "content-type": "application/grpc" };

describe("the port of a sidecar for its program", () => {
  let bot: Bot;
  let sidecar: Sidecar;
  let port: number;
  let release = () => {};

  before(async () => {
    const fleet = await createTestFleet();
    bot = await fleet.bot("program/1");
    const echo = await fleet.bot("echo/1");
    const held = new Promise<void>((resolve) => (release = resolve));
    const { address } = await echo.serve({ port: 0 }, (routes) =>
      routes.add(RoutedEcho, {
        async echo(request) {
          await held;
          return request;
        },
        async *count() {},
        join: () => ({}),
        async *chat() {},
        open: () => ({}),
        reset: (request) => request,
      }),
    );
    port = await freePort();
    sidecar = await openSidecar(bot, {
      outbound: {
        listen: `127.0.0.1:${port}`,
        openToLocalUsers: true,
        services: [{ service: RoutedEcho, addresses: [address] }],
        maximumCalls: 2,
        maximumConnections: 2,
      },
    });
    after(async () => {
      await sidecar.close(0);
      await Promise.all([bot.close(0), echo.close(0)]);
    });
  });

  it("is not opened to every local user unless that is said", async () => {
    const services = [RoutedEcho];
    await assert.rejects(openSidecar(bot, { outbound: { listen: "127.0.0.1:1", services } }), /openToLocalUsers/);
    await assert.rejects(
      openSidecar(bot, { outbound: { listen: "0.0.0.0:1", openToLocalUsers: true, services } }),
      /reached from other machines/,
    );
  });

  it("takes calls of gRPC, of the methods that it knows", async () => {
    const session = plaintextSession(port);
    assert.equal((await rawCall(session, EchoService.methods.open.path, grpc)).status, 0);
    assert.equal((await rawCall(session, "/test.EchoService/Nothing", grpc)).status, 12);
    assert.equal(
      (await rawCall(session, EchoService.methods.open.path, { ...grpc, "grpc-timeout": "soon" })).status,
      13,
    );
    const statusOf = async (headers: OutgoingHttpHeaders) => {
      const stream = session.request({ ":path": EchoService.methods.open.path, ...headers }, { endStream: true });
      const [answer] = await once(stream, "response");
      stream.close();
      return answer[":status"];
    };
    assert.equal(await statusOf({ ":method": "GET", ...grpc }), 405);
    assert.equal(await statusOf({ ":method": "POST", "content-type": "application/json" }), 415);
    session.destroy();
  });

  it("has so many calls and connections, and no more", async () => {
    const session = plaintextSession(port);
    const path = EchoService.methods.echo.path;
    const calls = [rawCall(session, path, grpc), rawCall(session, path, grpc)];
    assert.equal((await rawCall(session, path, grpc)).status, 8);
    const other = plaintextSession(port);
    await once(other, "remoteSettings");
    const third = connect(`http://127.0.0.1:${port}`);
    third.on("error", () => {});
    await new Promise((resolve) => third.once("close", resolve));
    assert.equal(sidecar.outbound?.open().connections, 2);
    release();
    assert.deepEqual(
      (await Promise.all(calls)).map(({ status }) => status),
      [0, 0],
    );
    assert.equal(sidecar.outbound?.open().calls, 0);
    for (const one of [session, other]) one.destroy();
  });
});

import assert from "node:assert/strict";
import { once } from "node:events";
import { Client, credentials, Metadata, Server, ServerCredentials, type ServerInterceptor } from "@grpc/grpc-js";
import type { Admission } from "../admission/chain.js";
import type { Connection } from "../admission/connection.js";
import { systemClock } from "../base/clock.js";
import { createRecorder } from "../base/recorder.js";
import { createRoster } from "../base/roster.js";
import type { Certificate } from "../identity/certificate.js";
import { type Deferred, deferred } from "../testing/deferred.js";
import { plainCall } from "../testing/plain-client.js";
import { EchoService } from "../testing/test-fleet.js";
import type { Trust } from "../trust/trust.js";
import { createGate } from "./gated-call.js";
import type { ServedMethod } from "./options.js";

const { echo, chat } = EchoService.methods;

// The gate alone, without TLS, so that a test can hold a call back while it is being checked.
describe("the gate", () => {
  const bytes = (buffer: Buffer) => buffer;
  const handled: string[] = [];
  let server: Server;
  let client: Client;
  let checking: Deferred<Deferred<Admission>>;
  const peer = { uri: "spiffe://test/a" };
  const admission = { caller: { spiffeId: peer }, bearer: undefined } as unknown as Admission;
  let connection: Connection;

  beforeEach(async () => {
    handled.length = 0;
    connection = { calls: createRoster(), peer, address: "a:1" } as unknown as Connection;
    checking = deferred();
    let arrived: ServedMethod;
    const idle = { delivered() {}, close() {}, call: undefined };
    const arriving = () => ({ connection, served: arrived, at: Date.now(), ...idle });
    const gate = createGate({
      chain({ method, authorization: [shown] }) {
        if (shown === "fault") throw new TypeError("a password is hunter2");
        if (method === echo) return admission;
        const decision = deferred<Admission>();
        checking.resolve(decision);
        return decision.promise;
      },
      trust: {} as Trust,
      clock: systemClock,
      recorder: createRecorder(),
      certificate: () => ({ thumbprint: "x" }) as Certificate,
      arriving,
      vouch: () => [],
    });
    const interceptor: ServerInterceptor = (descriptor, call) => {
      const method = descriptor.path === echo.path ? echo : chat;
      arrived = { service: EchoService, method, maximumRequestBytes: 100 };
      return gate.interceptor(descriptor, call);
    };
    server = new Server({ interceptors: [interceptor] });
    server.register(
      echo.path,
      (_call: unknown, callback: (error: null, answer: Buffer) => void) => {
        handled.push("echo");
        callback(null, Buffer.alloc(0));
      },
      bytes,
      bytes,
      "unary",
    );
    server.register(chat.path, () => void handled.push("chat"), bytes, bytes, "bidi");
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
    client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  });
  afterEach(() => {
    client.close();
    server.forceShutdown();
  });

  it("lets a call through that is admitted late", async () => {
    const stream = client.makeBidiStreamRequest(chat.path, bytes, bytes);
    stream.on("error", () => {});
    (await checking.promise).resolve(admission);
    await plainCall(client, echo.path);
    assert.deepEqual(handled, ["chat", "echo"]);
    assert.equal(connection.calls.size, 1);
    stream.cancel();
  });

  it("runs no handler for a caller that went away while it was being checked", async () => {
    const stream = client.makeBidiStreamRequest(chat.path, bytes, bytes);
    const over = once(stream, "error");
    const decision = await checking.promise;
    stream.cancel();
    await over;
    await plainCall(client, echo.path); // On the same connection, so the cancellation is there by now.
    decision.resolve(admission);
    await plainCall(client, echo.path);
    assert.deepEqual(handled, ["echo", "echo"]);
    assert.equal(connection.calls.size, 0, "the connection keeps a call that is over");
  });

  it("keeps the words of its own faults to itself", async () => {
    const metadata = new Metadata();
    metadata.set("authorization", "fault");
    const error = await new Promise<{ code: number; details: string }>((resolve) => {
      client.makeUnaryRequest(echo.path, bytes, bytes, Buffer.alloc(0), metadata, {}, (e) => resolve(e as never));
    });
    assert.equal(error.code, 13);
    assert.ok(!error.details.includes("hunter2"));
    assert.deepEqual(handled, []);
  });
});

import assert from "node:assert/strict";
import { type Metadata, Server, ServerCredentials, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { encodeErrorInfo } from "../base/encode-error-info.js";
import type { Bot } from "../bot.js";
import type { ErrorInfo } from "../gen/google/rpc/status.js";
import { certificatesToPem } from "../identity/pem.js";
import { toGrpcService } from "../server/grpc-service.js";
import { createTestFleet, EchoService, type TestFleet } from "../testing/test-fleet.js";

/** What a plain grpc-js server does with the four kinds of call. */
// biome-ignore lint/suspicious/noExplicitAny: grpc-js's own types of calls are of no interest here.
const implementation: Record<string, (call: any, callback: any) => void> = {
  echo: (call, callback) => callback(null, { reason: call.request.reason, metadata: tokenOf(call.metadata) }),
  count(call) {
    for (let i = 0; i < Number(call.request.reason); i++) call.write({ reason: String(i) });
    call.end();
  },
  join(call, callback) {
    let reason = "";
    call.on("data", (request: ErrorInfo) => (reason += request.reason));
    call.on("end", () => callback(null, { reason }));
  },
  chat(call) {
    call.on("data", (request: ErrorInfo) => call.write({ reason: request.reason.toUpperCase() }));
    call.on("end", () => call.end());
  },
  open: (_call, callback) => callback({ code: 5, details: "nothing here" }),
  reset(_call, callback) {
    const metadata = encodeErrorInfo(9, "not now", { reason: "BUSY", domain: "shop", metadata: { until: "noon" } });
    callback({ code: 9, details: "not now", metadata });
  },
};

function tokenOf(metadata: Metadata): Record<string, string> {
  return { scheme: String(metadata.get("authorization")[0]).split(" ")[0] ?? "" };
}

describe("a client and a plain grpc-js server", () => {
  let fleet: TestFleet;
  let caller: Bot;
  let server: Server;
  let address: string;

  before(async () => {
    fleet = await createTestFleet();
    caller = await fleet.bot("caller/1");
    const { privateKey, chain } = await fleet.ca.issue("spiffe://test/plain/1");
    const pem = (der: readonly Uint8Array[]) => Buffer.from(certificatesToPem(der));
    const keys = [{ private_key: Buffer.from(privateKey), cert_chain: pem(chain) }];
    server = new Server();
    server.addService(toGrpcService(EchoService), implementation as UntypedServiceImplementation);
    const port = await new Promise<number>((resolve, reject) => {
      const secure = ServerCredentials.createSsl(pem([fleet.ca.der]), keys, true);
      server.bindAsync("127.0.0.1:0", secure, (error, bound) => (error ? reject(error) : resolve(bound)));
    });
    address = `127.0.0.1:${port}`;
  });
  after(async () => {
    await caller.close();
    server.forceShutdown();
  });

  const client = () => caller.client(EchoService, address, { server: "plain/*" });

  it("unary", async () => {
    assert.deepEqual(await client().echo({ reason: "a" }), { reason: "a", domain: "", metadata: { scheme: "Bearer" } });
  });

  it("server streaming", async () => {
    const read = [];
    for await (const { reason } of client().count({ reason: "300" })) read.push(Number(reason));
    assert.deepEqual(
      read,
      Array.from({ length: 300 }, (_, i) => i),
    );
  });

  it("client streaming", async () => {
    const many = Array.from({ length: 300 }, (_, i) => ({ reason: String(i % 10) }));
    assert.equal((await client().join(many)).reason.length, 300);
  });

  it("bidirectional", async () => {
    const said = [];
    for await (const { reason } of client().chat([{ reason: "x" }, { reason: "y" }])) said.push(reason);
    assert.deepEqual(said, ["X", "Y"]);
  });

  it("errors, with and without details", async () => {
    await assert.rejects(async () => client().open({}), { code: "NOT_FOUND", message: "nothing here", remote: true });
    await assert.rejects(async () => client().reset({}), {
      code: "FAILED_PRECONDITION",
      reason: "BUSY",
      domain: "shop",
      metadata: { until: "noon" },
    });
  });

  it("only if it is the one that is meant", async () => {
    await assert.rejects(async () => caller.client(EchoService, address, { server: "other/*" }).echo({}), {
      reason: "SERVER_IDENTITY_MISMATCH",
    });
  });
});

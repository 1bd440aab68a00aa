import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { createServer, type Http2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { credentials, Metadata, makeGenericClientConstructor, type ServiceError } from "@grpc/grpc-js";
import { type Bot, InterlockError } from "@interlock/bot";
import { toGrpcService } from "@interlock/bot/internal";
import { rawTls, shows } from "@interlock/bot/testing";
import { freePort } from "@interlock/testing-processes";
import { findEnvoy, skipWithoutEnvoy } from "../gateway/find-envoy.js";
import { type Envoy, startEnvoy } from "../gateway/start-envoy.js";
import { readBlocks } from "../markdown-blocks.js";
import { root } from "../structure/source-graph.js";
import { type AgentStage, agentStage, Echo } from "./agent-stage.js";
import type { Running } from "./running.js";

/** The life of every certificate, in milliseconds: it is renewed after half of that. */
const lifeMs = 30_000;

describe("Envoy, with the secrets of interlock agent, as docs/agent.md has it", function () {
  this.timeout(180_000);
  let stage: AgentStage;
  let agent: Running;
  let envoy: Envoy;
  let program: Http2Server;
  let seen: string | undefined; // Who called the program.
  let inward: number;
  let outward: number;
  let caller: Bot;

  before(async function () {
    const binary = findEnvoy();
    if (!binary) skipWithoutEnvoy(this);
    stage = await agentStage(lifeMs);
    program = createServer();
    program.on("stream", (stream, { "x-forwarded-client-cert": by }) => {
      seen = String(by);
      const content: Buffer[] = [];
      stream.on("data", (bytes: Buffer) => content.push(bytes));
      stream.on("end", () => {
        stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
        stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
        stream.end(Buffer.concat(content));
      });
    });
    program.listen(0, "127.0.0.1");
    await once(program, "listening");
    const gripper = await stage.serve(await stage.joinAs("gripper/1"));
    caller = await stage.joinAs("caller/1");
    const started = await stage.startAgent("proxy/1");
    agent = started.running;
    [inward, outward] = [await freePort(), await freePort()];
    const { issuer } = stage.authority;
    const https = new URL(issuer);
    const replaced: readonly (readonly [string, string])[] = [
      ["0.0.0.0, port_value: 50051", `127.0.0.1, port_value: ${inward}`],
      ["port_value: 15001", `port_value: ${outward}`],
      ["port_value: 8080", `port_value: ${(program.address() as AddressInfo).port}`],
      ["port_value: 50052", `port_value: ${gripper.split(":")[1]}`],
      ["port_value: 8443", `port_value: ${https.port}`],
      ["localhost:8443", https.host],
      ["/run/interlock/agent.sock", started.endpoint.replace("unix://", "")],
    ];
    const page = await readFile(join(root, "docs/agent.md"), "utf8");
    let configuration = readBlocks(page).find(({ language }) => language === "yaml")?.text ?? "";
    for (const [from, to] of replaced) {
      assert.ok(configuration.includes(from), from);
      configuration = configuration.replaceAll(from, to);
    }
    const file = join(stage.folder, "envoy.yaml");
    await writeFile(file, configuration);
    envoy = await startEnvoy(binary, file, inward);
  });
  after(async () => {
    await envoy?.stop();
    program?.close();
    await stage?.end();
  });

  /** The serial number of the certificate that Envoy shows to bots. */
  async function shownSerial(): Promise<string> {
    const socket: TLSSocket = rawTls(inward, shows(caller.identity.current()));
    await once(socket, "secureConnect");
    const { serialNumber } = socket.getPeerCertificate();
    socket.destroy();
    return serialNumber;
  }
  /** Calls the bot through Envoy, without TLS and certificate, as the program would. */
  async function call(method: "open" | "echo", token?: string): Promise<string> {
    const Client = makeGenericClientConstructor(toGrpcService(Echo), Echo.name);
    const client = new Client(`127.0.0.1:${outward}`, credentials.createInsecure());
    const metadata = new Metadata();
    if (token !== undefined) metadata.set("authorization", `Bearer ${token}`);
    try {
      return await new Promise((resolve) => {
        client[method]?.({ reason: "hello" }, metadata, (error: ServiceError | null, answer: { domain: string }) => {
          if (!error) return resolve(answer.domain || "OK");
          const { code, reason = "" } = InterlockError.from(error);
          resolve(`${code} ${reason}`);
        });
      });
    } finally {
      client.close();
    }
  }
  async function fetchToken(): Promise<string> {
    const body = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: "spiffe://cafe/proxy/1",
      audience: Echo.name,
      scope: "echo:call",
    });
    const answer = await fetch(`http://127.0.0.1:${outward}/token`, { method: "POST", body });
    assert.equal(answer.status, 200, await answer.clone().text());
    return ((await answer.json()) as { access_token: string }).access_token;
  }

  it("takes calls of bots, and refuses who is none", async () => {
    const client = caller.client(Echo, `127.0.0.1:${inward}`, { server: "proxy/1" });
    assert.equal((await client.open({ reason: "hello" }, { waitForReady: true, timeoutMs: 20_000 })).reason, "hello");
    assert.match(seen ?? "", /URI=spiffe:\/\/cafe\/caller\/1/);
    const stranger = rawTls(inward);
    const refused = new Promise<Error>((resolve) => stranger.once("error", resolve));
    assert.match(String(await refused), /certificate required/);
  });

  it("calls bots, with a token that it gets over its own certificate", async () => {
    assert.equal(await call("open"), "spiffe://cafe/proxy/1");
    assert.equal(await call("echo"), "UNAUTHENTICATED TOKEN_MISSING");
    let said = await call("echo", await fetchToken());
    while (said === "UNAUTHENTICATED TOKEN_BINDING_MISMATCH") said = await call("echo", await fetchToken());
    assert.equal(said, "OK");
  });

  it("shows a new certificate without a restart", async () => {
    const first = await shownSerial();
    const from = agent.lines.length;
    await agent.line(/identity given out/, from);
    while ((await shownSerial()) === first) await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(await call("open"), "spiffe://cafe/proxy/1");
  });

  it("is refused by bots, and gets no certificate, once it is revoked", async () => {
    const client = caller.client(Echo, `127.0.0.1:${inward}`, { server: "proxy/1" });
    await client.open({});
    await stage.authority.revoke({ kind: "identity", subject: "spiffe://cafe/proxy/1" }, "lost");
    await agent.line(/identity withheld/);
    let said = await call("open");
    while (said === "spiffe://cafe/proxy/1") said = await call("open");
    assert.match(said, /^UNAVAILABLE|^UNAUTHENTICATED/);
    await assert.rejects(async () => {
      for (;;) await client.open({});
    });
  });
});

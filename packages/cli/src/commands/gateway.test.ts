import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { json } from "node:stream/consumers";
import { promisify } from "node:util";
import { create, toBinary } from "@bufbuild/protobuf";
import { FieldDescriptorProto_Type, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { type Authority, startAuthority } from "@interlock/authority";
import { type Bot, certificatesToPem, joinFleet, silentLog } from "@interlock/bot";
import { AuthorityService } from "@interlock/bot/protocol";
import { EchoService } from "@interlock/bot/testing";
import { servedManifest } from "@interlock/policy";
import { endProcess } from "../testing/end-process.js";

const commandFile = join(import.meta.dirname, "../../bin/interlock.js");
const Echo = { ...EchoService, servedBy: ["echo/*"] } as const;
const grants = `
grants:
  "caller/*": {${Echo.name}: ["echo:call"]}
  "gateway/*": {${Echo.name}: ["token:exchange", "directory:read"]}
  "operator/*": {interlock.gateway.v1.GatewayService: ["traffic:read"]}
`;

// biome-ignore lint/suspicious/noExplicitAny: what a command prints; the assertions say what is expected in it.
type Json = Record<string, any>;

describe("interlock gateway run, and interlock top", () => {
  let folder: string;
  let authority: Authority;
  const bots: Bot[] = [];
  let running: ChildProcess | undefined;

  async function joined(name: string): Promise<Bot> {
    const joinToken = await authority.createJoinToken(name);
    const stateDir = join(folder, ".interlock/bots", name);
    return joinFleet({ authority: authority.address, name, joinToken, stateDir, log: silentLog });
  }
  async function interlock(...args: readonly string[]): Promise<Json> {
    const ended = await promisify(execFile)(process.execPath, [commandFile, ...args, "--json"], { cwd: folder }).catch(
      (error) => error,
    );
    return JSON.parse(ended.stdout.trimEnd().split("\n").at(-1));
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "interlock-gateway-command-"));
    authority = await startAuthority({
      dataDir: join(folder, "authority"),
      trustDomain: "cafe",
      port: 0,
      log: silentLog,
    });
    await authority.applyGrants(grants);
    await writeFile(join(folder, "interlock.manifest.json"), JSON.stringify(servedManifest([Echo])));
    await writeFile(join(folder, "interlock.descriptors.b64"), descriptors());
    await writeFile(join(folder, "routes.yaml"), "manifests: [interlock.manifest.json]\n");
    const echo = await joined("echo/1");
    bots.push(echo);
    await echo.serve({ port: 0 }, (routes) =>
      routes.add(Echo, {
        echo: (request) => request,
        open: () => ({}),
        reset: (request) => request,
        join: async () => ({}),
        async *count() {},
        async *chat() {},
      }),
    );
    await (await joined("gateway/1")).close(0);
  });
  after(async () => {
    await endProcess(running);
    await Promise.all(bots.map((bot) => bot.close(0)));
    await authority.close();
    await rm(folder, { recursive: true });
  });

  it("refuses a file of routes with a fault, and says which", async () => {
    await writeFile(join(folder, "bad.yaml"), "manifests: [interlock.manifest.json]\nservices: {no.Such: {}}\n");
    const { ok, error } = await interlock("gateway", "run", "--routes", "bad.yaml");
    assert.equal(ok, false);
    assert.match(error.message, /bad\.yaml: .*no manifest has no\.Such/s);
  });

  it("says that the limits are not shared while Redis is away, and passes calls on", async () => {
    // Nothing listens at that port.
    const args = [
      "gateway",
      "run",
      "--routes",
      "routes.yaml",
      "--port",
      "0",
      "--redis",
      "redis://127.0.0.1:1",
      "--json",
    ];
    const alone = spawn(process.execPath, [commandFile, ...args], { cwd: folder, stdio: ["ignore", "pipe", "ignore"] });
    try {
      const lines = createInterface({ input: alone.stdout as NodeJS.ReadableStream });
      const [line] = (await once(lines, "line")) as [string];
      const { gateway } = JSON.parse(line) as Json;
      const caller = await joined("caller/2");
      bots.push(caller);
      const client = caller.client(EchoService, gateway, { server: "gateway/*" });
      assert.equal((await client.echo({ reason: "hello" })).reason, "hello");
      const health = await caller.health(gateway, { server: "gateway/*", service: "interlock.limits" });
      assert.equal(health, "NOT_SERVING");
    } finally {
      const exit = once(alone, "exit");
      alone.kill("SIGTERM");
      await exit;
    }
  });

  it("passes calls on, shows them, reads its routes again, and drains", async () => {
    const args = [
      "gateway",
      "run",
      "--routes",
      "routes.yaml",
      "--port",
      "0",
      "--connect-port",
      "0",
      "--verbose",
      "--json",
    ];
    running = spawn(process.execPath, [commandFile, ...args], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    const lines = createInterface({ input: running.stdout as NodeJS.ReadableStream });
    const log = createInterface({ input: running.stderr as NodeJS.ReadableStream });
    const [line] = (await once(lines, "line")) as [string];
    const { gateway, services, connect } = JSON.parse(line) as Json;
    assert.deepEqual(services, [Echo.name]);

    const caller = await joined("caller/1");
    bots.push(caller);
    const client = caller.client(EchoService, gateway, { server: "gateway/*" });
    assert.equal((await client.echo({ reason: "hello" })).reason, "hello");
    using tokens = caller.client(AuthorityService, authority.address);
    const { token } = await tokens.issueToken({ audience: Echo.name, scopes: ["echo:call"] });
    assert.deepEqual(await callInJson(caller, token, connect, { reason: "hello" }), { reason: "hello" });

    const { address, name } = { address: authority.address, name: "operator/alice" };
    const joinToken = await authority.createJoinToken(name);
    assert.equal((await interlock("join", "--authority", address, "--name", name, "--token", joinToken)).ok, true);
    const calling = setInterval(() => void client.echo({}).catch(() => {}), 20);
    const { flows, openCalls } = await interlock("top", "--at", gateway, "--once");
    clearInterval(calling);
    const flow = flows.find(({ caller }: Json) => caller === "caller/1");
    assert.deepEqual([flow?.method, flow?.code], [`${Echo.name}/Echo`, "OK"]);
    assert.ok(flow.count > 0);
    assert.ok(openCalls >= 1); // The watch itself is one.

    const readAgain = new Promise<Json>((resolve) => {
      log.on("line", (text) => {
        const entry = JSON.parse(text) as Json;
        if (entry.message.startsWith("routes read again")) resolve(entry);
      });
    });
    running.kill("SIGHUP");
    assert.equal((await readAgain).services, 1);
    assert.equal((await client.echo({ reason: "again" })).reason, "again");

    const exit = once(running, "exit");
    running.kill("SIGTERM");
    assert.deepEqual(await exit, [0, null]);
  });
});

async function callInJson(bot: Bot, token: string, port: number, message: object): Promise<unknown> {
  const { privateKey: key, chain } = bot.identity.current();
  const ca = certificatesToPem(bot.trust.state.caCertificates);
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
  const at = { host: "127.0.0.1", port, path: Echo.methods.echo.path, method: "POST", headers };
  const calling = request({ ...at, key, cert: certificatesToPem(chain), ca, checkServerIdentity: () => undefined });
  calling.end(JSON.stringify(message));
  const [answer] = await once(calling, "response");
  return json(answer);
}

/** The proto file of the service, as far as the test calls it. */
function descriptors(): string {
  const type = "test.Message";
  const file = {
    name: "test.proto",
    package: "test",
    syntax: "proto3",
    messageType: [
      {
        name: "Message",
        field: [{ name: "reason", jsonName: "reason", number: 1, type: FieldDescriptorProto_Type.STRING }],
      },
    ],
    service: [{ name: "EchoService", method: [{ name: "Echo", inputType: `.${type}`, outputType: `.${type}` }] }],
  };
  const set = create(FileDescriptorSetSchema, { file: [file] });
  return Buffer.from(toBinary(FileDescriptorSetSchema, set)).toString("base64");
}

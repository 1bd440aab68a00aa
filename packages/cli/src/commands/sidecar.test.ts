import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type Http2Server } from "node:http2";
import { connect as connectSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { type Authority, startAuthority } from "@interlock/authority";
import { type Bot, joinFleet, silentLog } from "@interlock/bot";
import { EchoService, rawCall } from "@interlock/bot/testing";
import { servedManifest } from "@interlock/policy";
import { endProcess } from "../testing/end-process.js";

const commandFile = join(import.meta.dirname, "../../bin/interlock.js");
const Echo = { ...EchoService, servedBy: ["echo/*"] } as const;
const grants = `
grants:
  "caller/*": {${Echo.name}: ["echo:call"]}
  "echo/*": {${Echo.name}: ["echo:call"]}
`;

// biome-ignore lint/suspicious/noExplicitAny: what a command prints; the assertions say what is expected in it.
type Json = Record<string, any>;

/** Serves like a program that knows nothing of Interlock: it answers with what it gets, after `hold`. */
function program(hold: () => Promise<unknown>): Http2Server {
  const server = createServer();
  server.on("stream", (stream) => {
    const chunks: Buffer[] = [];
    stream.on("error", () => {});
    stream.on("data", (bytes: Buffer) => chunks.push(bytes));
    stream.on("end", async () => {
      await hold();
      stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(Buffer.concat(chunks));
    });
  });
  return server;
}

describe("interlock sidecar", () => {
  let folder: string;
  let authority: Authority;
  let served: Http2Server;
  let hold: () => Promise<unknown> = async () => {};
  let running: ChildProcess | undefined;
  const bots: Bot[] = [];

  async function interlock(...args: readonly string[]): Promise<Json> {
    const ended = await promisify(execFile)(process.execPath, [commandFile, ...args, "--json"], { cwd: folder }).catch(
      (error) => error,
    );
    return JSON.parse(ended.stdout.trimEnd().split("\n").at(-1));
  }
  const config = (more = "") => `
name: echo/1
authority: ${authority.address}
joinToken: { file: join-token }
manifests: [interlock.manifest.json]
inbound:
  port: 0
  program: unix:program.sock
  services: [${Echo.name}]
outbound:
  listen: unix:own/fleet.sock
  services:
    ${Echo.name}: {}
${more}`;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "ilk-sidecar-command-"));
    const dataDir = join(folder, "authority");
    authority = await startAuthority({ dataDir, trustDomain: "cafe", port: 0, log: silentLog });
    await authority.applyGrants(grants);
    await writeFile(join(folder, "interlock.manifest.json"), JSON.stringify(servedManifest([Echo])));
    await writeFile(join(folder, "join-token"), `${await authority.createJoinToken("echo/1")}\n`);
    served = program(() => hold());
    served.listen(join(folder, "program.sock"));
    await once(served, "listening");
  });
  after(async () => {
    await endProcess(running);
    served.close();
    await Promise.all(bots.map((bot) => bot.close(0)));
    await authority.close();
    await rm(folder, { recursive: true });
  });

  it("refuses a configuration with faults, and names each of them, before it joins", async () => {
    await writeFile(join(folder, "bad.yaml"), config("inbund: {}\nstateDir: 7"));
    const { ok, error } = await interlock("sidecar", "--config", "bad.yaml");
    assert.equal(ok, false);
    assert.equal(error.code, "INVALID_ARGUMENT");
    assert.match(error.message, /bad\.yaml: .*there is no "inbund".*stateDir is no text/s);
    await writeFile(join(folder, "bad.yaml"), config().replaceAll(Echo.name, "no.Such"));
    assert.match((await interlock("sidecar", "--config", "bad.yaml")).error.message, /no manifest has no\.Such/);
    assert.match((await interlock("sidecar", "--config", "none.yaml")).error.message, /none\.yaml cannot be read/);
  });

  it("joins, passes calls both ways, and drains in two steps", async () => {
    await writeFile(join(folder, "sidecar.yaml"), config());
    const args = ["sidecar", "--config", "sidecar.yaml", "--json"];
    running = spawn(process.execPath, [commandFile, ...args], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    let log = "";
    running.stderr?.on("data", (bytes: Buffer) => (log += bytes));
    const [line] = (await once(createInterface({ input: running.stdout as NodeJS.ReadableStream }), "line")) as [
      string,
    ];
    const { as, inbound, services, outbound } = JSON.parse(line) as Json;
    assert.deepEqual([as, services], ["echo/1", [Echo.name]]);
    assert.equal(outbound, `unix://${join(folder, "own/fleet.sock")}`);

    const joinToken = await authority.createJoinToken("caller/1");
    const stateDir = join(folder, "caller");
    const caller = await joinFleet({
      authority: authority.address,
      name: "caller/1",
      joinToken,
      stateDir,
      log: silentLog,
      connections: { silenceMs: 60_000 }, // A machine may be busy while a call is held below.
    });
    bots.push(caller);
    const client = caller.client(Echo); // By the directory, where the sidecar has reported its service.
    assert.equal((await client.echo({ reason: "hello" }, { waitForReady: true, timeoutMs: 20_000 })).reason, "hello");
    assert.match(log, /"message":"program answers"/);

    // The program calls, which takes the call to itself here.
    const session = connect("http://localhost", {
      createConnection: () => connectSocket(join(folder, "own/fleet.sock")),
    });
    const call = async () =>
      (await rawCall(session, Echo.methods.echo.path, { "content-type": "application/grpc" })).status;
    assert.equal(await call(), 0);

    // While a call to the program is open, the program may still call; new calls to it are refused.
    let asked = () => {};
    const isAsked = new Promise<void>((resolve) => (asked = resolve));
    let answer = () => {};
    const answered = new Promise<void>((resolve) => (answer = resolve));
    hold = () => {
      hold = async () => {};
      asked();
      return answered;
    };
    const open = client.echo({ reason: "last" });
    await isAsked;
    const exit = once(running, "exit");
    running.kill("SIGTERM");
    while ((await caller.health(inbound).catch(() => "gone")) === "SERVING");
    // It is refused by the sidecar's own port, and not by the socket, once the last GOAWAY is there: until then it is answered.
    let own = await call();
    while (own === 0) own = await call();
    assert.equal(own, 14);
    answer();
    assert.equal((await open).reason, "last");
    session.close();
    assert.deepEqual(await exit, [0, null]);
    await assert.rejects(once(connectSocket(join(folder, "own/fleet.sock")), "connect"));
  });
});

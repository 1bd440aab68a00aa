import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Authority, startAuthority } from "@interlock/authority";
import { joinFleet, silentLog } from "@interlock/bot";
import { EchoService } from "@interlock/bot/testing";
import { servedManifest } from "@interlock/policy";
import { parse } from "yaml";
import { endProcess } from "../testing/end-process.js";
import { commandFile, runCommand } from "../testing/run-command.js";

const name = "gateway/1";
const door = ["--name", name, "--upstream", "test.EchoService=10.0.0.5:50051,10.0.0.6:50051"];

describe("interlock gateway envoy, and interlock gateway authz", () => {
  let folder: string;
  let authority: Authority;
  let running: ChildProcess | undefined;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "interlock-envoy-command-"));
    authority = await startAuthority({
      dataDir: join(folder, "authority"),
      trustDomain: "cafe",
      port: 0,
      log: silentLog,
    });
    const services = [EchoService, { ...EchoService, name: "test.OtherService", methods: {} }];
    await writeFile(join(folder, "interlock.manifest.json"), JSON.stringify(servedManifest(services)));
    const stateDir = join(folder, ".interlock/bots", name);
    const joinToken = await authority.createJoinToken(name);
    const bot = await joinFleet({ authority: authority.address, name, joinToken, stateDir, log: silentLog });
    await bot.close(0);
  });
  after(async () => {
    await endProcess(running);
    await authority.close();
    await rm(folder, { recursive: true });
  });

  const interlock = async (...args: readonly string[]) => {
    const { code, stdout } = await runCommand({ cwd: folder }, [...args, "--json"]);
    return { code, ...JSON.parse(stdout) };
  };

  it("writes a configuration, and says what it leaves out", async () => {
    const told = await interlock("gateway", "envoy", ...door, "--out", "door");
    assert.deepEqual([told.code, told.ok, told.trustDomain, told.keys], [0, true, "cafe", "inline"]);
    assert.deepEqual(told.services, [
      { name: "test.EchoService", methods: 6, upstreams: ["10.0.0.5:50051", "10.0.0.6:50051"] },
    ]);
    assert.deepEqual(told.leftOut, ["test.OtherService"]);
    const configuration = parse(await readFile(join(folder, told.file), "utf8"));
    assert.equal(configuration.node.id, name);
    assert.equal(configuration.static_resources.listeners.length, 1);
  });

  it("refuses an unknown service, a bot that has not joined, and an upstream that is none", async () => {
    const unknown = await interlock("gateway", "envoy", "--name", name, "--upstream", "test.None=a:1", "--out", "door");
    assert.deepEqual([unknown.code, unknown.error.code], [1, "INVALID_ARGUMENT"]);
    const stranger = await interlock("gateway", "envoy", ...door, "--name", "gateway/2", "--out", "door");
    assert.deepEqual([stranger.code, stranger.error.code], [1, "FAILED_PRECONDITION"]);
    const malformed = await interlock("gateway", "envoy", "--name", name, "--upstream", "a:1", "--out", "door");
    assert.equal(malformed.code, 2);
  });

  it("decides, with Envoy's certificates and keys in a folder for this user alone", async () => {
    const args = ["gateway", "authz", "--name", name, "--port", "0", "--json"];
    running = spawn(process.execPath, [commandFile, ...args], { cwd: folder, stdio: ["ignore", "pipe", "ignore"] });
    const [line] = await once(createInterface({ input: running.stdout as NodeJS.ReadableStream }), "line");
    const { ok, address, secrets, services } = JSON.parse(line);
    assert.deepEqual([ok, services], [true, ["test.EchoService", "test.OtherService"]]);
    for (const file of ["identity.json", "trust.json", "upstream-0.json", "upstream-2.json"]) {
      assert.equal((await stat(join(secrets, file))).mode & 0o777, 0o600, file);
    }
    assert.equal((await interlock("health", "--name", name, address)).ok, true);
    const ended = once(running, "exit");
    running.kill("SIGTERM");
    assert.deepEqual(await ended, [0, null]);
  });
});

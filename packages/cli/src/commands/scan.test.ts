import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type ServerHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Scan, ScanDifference } from "@interlock/audit";
import { atExit } from "@interlock/testing-processes";
import { endProcess } from "../testing/end-process.js";
import { type CommandResult, commandFile, runCommand } from "../testing/run-command.js";

function interlock(cwd: string, ...args: readonly string[]): Promise<CommandResult> {
  return runCommand({ cwd }, args);
}

const grants = `grants:\n  "coffee/*":\n    cafe.gripper.v1.GripperService: [gripper:actuate]\n`;

describe("interlock scan", () => {
  let folder: string;
  let authority: ChildProcess;
  let address = "";
  const sessions = new Set<ServerHttp2Session>();
  // It answers as grpc-js does where a method is unknown; all other calls stay open.
  const rogue = createServer()
    .on("session", (session) => sessions.add(session))
    .on("stream", (stream, { ":path": path }) => {
      if (path?.startsWith("/grpc.health.")) return;
      const message = `The server does not implement the method ${path}`;
      stream.respond(
        { "content-type": "application/grpc", "grpc-status": 12, "grpc-message": message },
        { endStream: true },
      );
    });

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "interlock-scan-"));
    authority = spawn(process.execPath, [commandFile, "up", "--port", "0"], {
      cwd: folder,
      stdio: ["ignore", "pipe", "ignore"],
    });
    atExit(() => authority.kill("SIGKILL"));
    for await (const line of createInterface({ input: authority.stdout as NodeJS.ReadableStream })) {
      address = / at (127\.0\.0\.1:\d+), operator/.exec(line)?.[1] ?? "";
      if (address !== "") break;
    }
    await writeFile(join(folder, "grants.yaml"), grants);
    const applied = await interlock(folder, "grants", "apply", "grants.yaml", "--yes");
    assert.equal(applied.code, 0, applied.stderr);
    await once(rogue.listen(0, "127.0.0.1"), "listening");
  });
  after(async () => {
    await endProcess(authority);
    for (const session of sessions) session.destroy();
    rogue.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("names the undeclared port with its process, and has nothing against the authority's", async () => {
    const { port } = rogue.address() as AddressInfo;
    const target = `${address},${port}`;
    const { code, stdout, stderr } = await interlock(folder, "scan", target, "--json", "--out", "scan.json");
    assert.equal(code, 0, stdout + stderr);
    const { scan, differences }: { scan: Scan; differences: ScanDifference[] } = JSON.parse(stdout);
    const found = `127.0.0.1:${port}`;
    assert.deepEqual(
      differences.map((each) => [each.kind, each.address]),
      [["listening-but-undeclared", found]],
    );
    const own = scan.ports.find((each) => each.address === address);
    assert.match(own?.sentences[0] ?? "", /^It is the fleet's authority: /);
    assert.equal(own?.member?.answersWithoutToken, "no");
    const other = scan.ports.find((each) => each.address === found);
    assert.deepEqual([other?.protocol, other?.open], ["grpc", ["grpc.health.v1.Health"]]);
    if (process.platform === "linux") assert.equal(other?.process?.pid, process.pid);
    assert.deepEqual(JSON.parse(await readFile(join(folder, "scan.json"), "utf8")), scan);
  });

  it("sees less as a stranger, and tells it in words", async () => {
    const { code, stdout } = await interlock(folder, "scan", address, "--stranger-only");
    assert.equal(code, 0);
    assert.match(stdout, /^127\.0\.0\.1:\d+/);
    assert.match(stdout, /\n {2}It asks for a client certificate and lets a stranger in without one; /);
    assert.match(stdout, /\n1 port listens; \d+\.\d s\.\n$/);
  });

  it("refuses a target that it cannot read with 2, and one that is out of reach with 1", async () => {
    const [unreadable, far] = await Promise.all([
      interlock(folder, "scan", "10.0.0.0/2"),
      interlock(folder, "scan", "192.0.2.1:1"),
    ]);
    assert.deepEqual([unreadable.code, far.code], [2, 1]);
    assert.match(unreadable.stderr, /^error: .*10\.0\.0\.0\/2.* is not a target/);
    assert.match(far.stderr, /neither loopback nor in a private range.*--anywhere/);
  });
});

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { connectTo, serve } from "@interlock/wire/testing";
import { root } from "../structure/source-graph.js";
import { callMany, echoMessages } from "./grpc-echo.js";

const execute = promisify(execFile);
const sources = join(import.meta.dirname, "../../src/wire");
const calls = 100_000;

/** The command of an echo, to which `server`, or `client`, an address and a number are added; or why there is none. */
type Command = readonly string[] | string;

async function buildGo(folder: string): Promise<Command> {
  const program = join(folder, "echo");
  try {
    await execute("go", ["build", "-o", program, "."], { cwd: join(sources, "go") });
    return [program];
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    return `grpc-go needs the Go of test/src/wire/go/go.mod, and its modules: ${stderr?.trim().split("\n").at(-1) || error}`;
  }
}

async function findPython(): Promise<Command> {
  const environments = join(root, "python/.venvs");
  const kept = existsSync(environments) ? readdirSync(environments) : [];
  for (const python of ["/usr/bin/python3", "python3", ...kept.map((name) => join(environments, name, "bin/python"))]) {
    if (python.startsWith("/") && !existsSync(python)) continue;
    try {
      await execute(python, ["-c", "import grpc"]);
      return [python, join(sources, "grpcio_echo.py")];
    } catch {}
  }
  return "there is no Python with grpcio: install it, on Debian with apt-get install python3-grpcio";
}

// These peers send pings and windows of their own: no bound on them may meet an honest peer.
describe(`${calls} calls on one connection, and one of ${calls} messages`, function () {
  this.timeout(300_000);
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "interlock-wire-"));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  for (const [name, find] of Object.entries({ "grpc-go": buildGo, grpcio: findPython })) {
    describe(`with ${name}`, () => {
      let command: Command;
      before(async function () {
        command = await find(folder);
        if (typeof command !== "string") return;
        console.log(`      skipped: ${command}`);
        this.skip();
      });

      it("as a client", async () => {
        const [program = "", ...args] = command;
        const server = await serve(echoMessages);
        const { stdout } = await execute(program, [...args, "client", `127.0.0.1:${server.port}`, String(calls)]);
        assert.equal(stdout.trim(), "done");
        const [end] = await server.ended();
        assert.equal(end?.by, "peer", JSON.stringify(end));
        assert.equal(server.ends.length, 1);
        await server.close();
      });

      it("as a server", async () => {
        const [program = "", ...args] = command;
        const child = spawn(program, [...args, "server"], { stdio: ["ignore", "pipe", "inherit"] });
        try {
          const [port] = await once(createInterface({ input: child.stdout }), "line");
          const client = await connectTo(Number(port));
          await callMany(client.connection, calls);
          assert.ok(!client.connection.ending);
          client.connection.close();
          assert.equal((await client.ended).by, "local");
        } finally {
          child.kill("SIGKILL");
        }
      });
    });
  }
});

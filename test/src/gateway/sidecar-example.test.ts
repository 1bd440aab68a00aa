import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { parseSidecar } from "@interlock/gateway";
import { atExit, freePort, makeTemporaryFolder, type TemporaryFolder } from "@interlock/testing-processes";
import { type Command, prints, readCommands } from "../console-block.js";
import { readBlocks } from "../markdown-blocks.js";
import { root } from "../structure/source-graph.js";
import { missingForExample } from "./languages.js";

const execute = promisify(execFile);
const example = join(root, "examples/sidecar");

/** The commands that stay, and the line that each prints when it is ready. */
const stays = /^(?:[A-Z_]+=\S+ )?(?:python3 scale\/|dist\/crane|interlock up|interlock sidecar)/;

describe("docs/sidecar.md", () => {
  it("shows a configuration that can be used", async () => {
    const blocks = readBlocks(await readFile(join(root, "docs/sidecar.md"), "utf8"));
    const [yaml] = blocks.filter(({ language }) => language === "yaml");
    const { name, inbound, outbound } = parseSidecar(yaml?.text ?? "", "/etc/scale");
    assert.equal(name, "scale/1");
    assert.equal(inbound?.program, "unix:///run/scale/program.sock");
    assert.deepEqual(
      [...(outbound?.services.keys() ?? [])],
      ["harbor.crane.v1.CraneService", "harbor.yard.v1.YardService"],
    );
  });
});

// The README makes no untested claims: its commands are run here as they are typed, in a copy of the folder, with free ports.
describe("examples/sidecar/README.md", () => {
  let folder: TemporaryFolder;
  let here: string;
  let ports: readonly (readonly [string, string])[];
  let env: NodeJS.ProcessEnv;
  const running: ChildProcess[] = [];
  const said: string[] = [];

  const withPorts = (text: string) => ports.reduce((all, [named, free]) => all.replaceAll(named, free), text);

  before(async function () {
    const missing = await missingForExample();
    if (missing) {
      console.log(`skipped: examples/sidecar needs ${missing}`);
      return this.skip();
    }
    folder = makeTemporaryFolder("sidecar");
    here = join(folder.path, "s");
    const left = new Set(["node_modules", "dist", ".interlock", "crane/gen"].map((name) => join(example, name)));
    await cp(example, here, { recursive: true, filter: (path) => !left.has(path) });
    await symlink(join(example, "node_modules"), join(here, "node_modules"));
    ports = await Promise.all(
      ["7443", "50051", "50052"].map(async (named) => [named, String(await freePort())] as const),
    );
    for (const name of ["scale.yaml", "crane.yaml"]) {
      await writeFile(join(here, name), withPorts(await readFile(join(example, name), "utf8")));
    }
    const bin = join(folder.path, "bin");
    await mkdir(bin);
    const command = join(root, "packages/cli/bin/interlock.js");
    await writeFile(join(bin, "interlock"), `#!/bin/sh\nexec "${process.execPath}" "${command}" "$@"\n`);
    await chmod(join(bin, "interlock"), 0o755);
    const python = process.env.PYTHON ?? "/usr/bin/python3";
    await symlink(python, join(bin, "python3"));
    env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}`, GRPC_VERBOSITY: "NONE" };
  });

  after(async () => {
    for (const child of running.reverse()) {
      if (child.exitCode !== null) continue;
      process.kill(-(child.pid as number), "SIGKILL");
      await once(child, "exit");
    }
    folder?.remove();
  });

  async function start(line: string): Promise<void> {
    const child = spawn("sh", ["-c", `${line.replace(/^(?:[A-Z_]+=\S+ )?/, "$&exec ")}`], {
      cwd: here,
      env,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    running.push(child);
    const withdraw = atExit(() => child.kill("SIGKILL"));
    child.once("exit", withdraw);
    let errors = "";
    child.stderr.on("data", (bytes: Buffer) => {
      errors += bytes;
    });
    const lines = createInterface({ input: child.stdout }).on("line", (text) => said.push(text));
    const ended = once(child, "exit").then(() => Promise.reject(new Error(`"${line}" ended: ${errors}`)));
    ended.catch(() => {}); // It ends with the test.
    await Promise.race([once(lines, "line"), ended]);
  }

  async function type({ text, comment, output }: Command): Promise<void> {
    let line = text.replace("interlock up", `interlock up --port ${ports[0]?.[1]}`);
    if (line.includes("ILK1-…")) {
      const name = /--config (\w+)\.yaml/.exec(line)?.[1];
      const { stdout } = await execute("interlock", ["invite", `${name}/1`, "--json"], { cwd: here, env });
      line = line.replace("ILK1-…", JSON.parse(stdout).joinToken);
    }
    if (stays.test(text)) return start(line);
    const done = await execute("sh", ["-c", line], { cwd: here, env }).then(
      ({ stdout, stderr }) => ({ ok: true, printed: stdout + stderr }),
      ({ stdout, stderr }) => ({ ok: false, printed: `${stdout}${stderr}` }),
    );
    assert.equal(done.ok, !comment.startsWith("refused"), `${text}:\n${done.printed}`);
    for (const expected of output)
      assert.ok(prints(done.printed, expected), `${text} prints no "${expected}":\n${done.printed}`);
  }

  it("has commands that behave as it says", async function () {
    this.timeout(300_000); // Go builds its program.
    const blocks = readBlocks(await readFile(join(example, "README.md"), "utf8"));
    const consoles = blocks.filter(({ language }) => language === "console");
    assert.ok(consoles.length >= 6);
    for (const { text, line } of consoles) {
      for (const command of readCommands(text)) {
        await type(command).catch((error) => assert.fail(`line ${line}: ${error.message}`));
      }
    }
    // What the programs saw: whose calls they were, and nothing of the refused one.
    assert.ok(said.includes("spiffe://harbor/crane/1 weighs the crate"), said.join("\n"));
    assert.ok(said.some((line) => /^spiffe:\/\/harbor\/operator\/\S+ lifts the crate$/.test(line)));
    assert.ok(!said.includes("the scale is set to zero"));
  });
});

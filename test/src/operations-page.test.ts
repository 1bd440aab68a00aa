import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { readBlocks } from "./markdown-blocks.js";
import { ownEnvironment } from "./npm.js";
import { root } from "./structure/source-graph.js";

type Host = "old" | "new" | "arm";

/** A line that is typed on a machine. */
interface Typed {
  readonly host: Host;
  readonly command: string;
  readonly refused: boolean;
  /** For a failure. */
  readonly line: number;
}

// docs/operations.md: each machine is a folder, each name in DNS a port on loopback, and scp a copy.
describe("docs/operations.md", function () {
  this.timeout(600_000);
  let folder: string;
  let ports: Record<string, number>;
  let authorityHost: Host = "old";
  const running = new Map<Host, ChildProcess>();

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "interlock-operations-page-"));
    for (const host of ["old", "new", "arm"]) await mkdir(folderOf(host as Host));
    ports = { old: await freePort(), new: await freePort() };
  });
  after(async () => {
    for (const host of [...running.keys()]) await stop(host);
    await rm(folder, { recursive: true });
  });

  const folderOf = (host: Host) => join(folder, host);

  it("does what it says, block by block", async () => {
    const blocks = readBlocks(await readFile(join(root, "docs/operations.md"), "utf8"));
    const typed = blocks.flatMap(({ language, text, line }) => (language === "console" ? readTyped(text, line) : []));
    assert.ok(typed.length >= 25, `only ${typed.length} commands were found`);
    for (const one of typed) await type(one);
    assert.equal(running.size, 1, "one authority runs at the end");
  });

  async function type({ host, command, refused, line }: Typed): Promise<void> {
    if (command === "^C") return stop(host);
    const copied = /^scp (\S+) (\w+)\.example:$/.exec(command);
    if (copied?.[1]) return copyFile(join(folderOf(host), copied[1]), join(folderOf(copied[2] as Host), copied[1]));
    const own = await withToken(here(command, host));
    if (/^interlock up\b/.test(command)) return startUp(host, own, line);
    const { code, output } = await run(host, own);
    const wanted = refused ? code !== 0 : code === 0;
    assert.ok(wanted, `line ${line}: "${own}" ended with ${code}:\n${output}`);
  }

  /** The command as it is typed on this one machine. */
  function here(command: string, host: Host): string {
    return command
      .replace(/(old|new)\.example:7443/g, (_, name: string) => `127.0.0.1:${ports[name]}`)
      .replace("--port 7443", `--port ${ports[host]}`)
      .replace("--host 0.0.0.0", "--host 127.0.0.1");
  }

  async function withToken(command: string): Promise<string> {
    const name = /--name (\S+)/.exec(command)?.[1];
    if (!command.includes("ILK1-…") || !name) return command;
    const { code, output } = await run(authorityHost, `interlock invite ${name} --json`);
    assert.equal(code, 0, output);
    return command.replace("ILK1-…", JSON.parse(output).joinToken);
  }

  function shell(host: Host, line: string): ChildProcess {
    const bin = `"${process.execPath}" "${join(root, "packages/cli/bin/interlock.js")}"`;
    const script = `interlock() { ${line.startsWith("interlock up") ? "exec " : ""}${bin} "$@"; }\n${line}`;
    const { INTERLOCK_HOME: _, ...env } = ownEnvironment();
    return spawn("sh", ["-c", script], { cwd: folderOf(host), env, stdio: ["ignore", "pipe", "pipe"] });
  }

  async function run(host: Host, line: string): Promise<{ code: number; output: string }> {
    const child = shell(host, line);
    const ended = once(child, "exit");
    const streams = [child.stdout, child.stderr] as NodeJS.ReadableStream[];
    const [stdout = "", stderr = ""] = await Promise.all(streams.map((stream) => text(stream)));
    const [code] = await ended;
    return { code: code ?? 1, output: stdout + stderr };
  }

  async function startUp(host: Host, line: string, at: number): Promise<void> {
    const child = shell(host, line);
    running.set(host, child);
    authorityHost = host;
    const failure = text(child.stderr as NodeJS.ReadableStream);
    const ended = once(child, "exit").then(async () => assert.fail(`line ${at}: "${line}" ended: ${await failure}`));
    ended.catch(() => {}); // It is expected to end with ^C.
    await Promise.race([once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), "line"), ended]);
  }

  async function stop(host: Host): Promise<void> {
    const child = running.get(host);
    assert.ok(child, `nothing runs on ${host}`);
    running.delete(host);
    child.kill("SIGINT");
    if (child.exitCode === null) await once(child, "exit");
  }
});

/** Reads the lines of a block: `host$ command`, with a comment that starts with "refused" where it must fail. */
function readTyped(block: string, line: number): Typed[] {
  return block.split("\n").map((text, i) => {
    const [, host, command = "", comment = ""] = /^(old|new|arm)\$ (.*?)(?:\s+# (.*))?$/.exec(text) ?? [];
    assert.ok(host, `line ${line + 1 + i}: "${text}" has no prompt`);
    return { host: host as Host, command, refused: comment.startsWith("refused"), line: line + 1 + i };
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

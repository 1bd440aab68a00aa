import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { root } from "../structure/source-graph.js";

const run = promisify(execFile);

/** A network namespace that stands for a machine: its own interfaces, ports, loopback, and folder. */
export interface Host {
  /** Its address on the network that the hosts share. */
  readonly address: string;
  readonly folder: string;
  /** Runs a command line in a shell there. Resolves with its output; rejects with the output if it fails. */
  sh(line: string): Promise<string>;
  /** Starts a command that stays, and resolves with its first `lines` lines of output. */
  start(line: string, lines?: number): Promise<Running>;
}

/** A command that stays. */
export interface Running {
  /** The first lines that it printed. */
  readonly printed: string;
  /** Its later lines, as they come. */
  next(): Promise<string>;
  kill(signal?: NodeJS.Signals): Promise<void>;
}

/** Two hosts with one network between them, and no other. */
export interface TwoHosts {
  readonly one: Host;
  readonly two: Host;
  close(): Promise<void>;
}

/** Why network namespaces cannot be made here; `undefined` when they can. */
export async function whyNot(): Promise<string | undefined> {
  const name = `ilk-probe-${process.pid}`;
  try {
    await run("ip", ["netns", "add", name]);
    await run("ip", ["netns", "del", name]);
    return undefined;
  } catch (error) {
    const { code, stderr = "" } = error as { code?: unknown; stderr?: string };
    return code === "ENOENT" ? "there is no ip command (Debian: iproute2)" : stderr.trim() || String(code);
  }
}

/** Makes the two hosts. `interlock` and `npx --no interlock` are there the command of this repository. */
export async function openTwoHosts(): Promise<TwoHosts> {
  const base = await mkdtemp(join(tmpdir(), "interlock-hosts-"));
  const bin = join(base, "bin");
  const command = join(root, "packages/cli/bin/interlock.js");
  await mkdir(bin);
  // Printed lines must be those that cannot fetch a package.
  const npx = `#!/bin/sh\n[ "$1 $2" = "--no interlock" ] || exit 9\nshift 2\nexec "${process.execPath}" "${command}" "$@"\n`;
  const direct = `#!/bin/sh\nexec "${process.execPath}" "${command}" "$@"\n`;
  for (const [name, text] of Object.entries({ npx, interlock: direct })) {
    await writeFile(join(bin, name), text);
    await chmod(join(bin, name), 0o755);
  }
  const names = [`ilk-a-${process.pid}`, `ilk-b-${process.pid}`] as const;
  const links = [`ilka${process.pid}`, `ilkb${process.pid}`] as const;
  const children = new Set<ChildProcess>();

  async function close(): Promise<void> {
    await Promise.all([...children].map((child) => end(child, "SIGTERM")));
    for (const name of names) await run("ip", ["netns", "del", name]).catch(() => {});
    await rm(base, { recursive: true, force: true });
  }

  async function host(name: string, link: string, address: string): Promise<Host> {
    const folder = join(base, name);
    await mkdir(folder);
    const inside = (...args: readonly string[]) => run("ip", ["-n", name, ...args]);
    await inside("link", "set", "lo", "up");
    await inside("addr", "add", `${address}/24`, "dev", link);
    await inside("link", "set", link, "up");
    const { INTERLOCK_HOME: _home, INTERLOCK_AUTHORITY: _authority, ...rest } = process.env;
    const env = { ...rest, PATH: `${bin}:${process.env.PATH}` };
    const spawned = (line: string) =>
      spawn("ip", ["netns", "exec", name, "sh", "-c", line], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });

    return {
      address,
      folder,
      async sh(line) {
        const child = spawned(line);
        let output = "";
        for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (output += data));
        const [code] = await once(child, "close");
        if (code !== 0) throw new Error(`"${line}" ended with ${code}:\n${output}`);
        return output;
      },
      async start(line, lines = 1) {
        const child = spawned(`exec ${line}`);
        children.add(child);
        let errors = "";
        child.stderr.on("data", (data) => (errors = `${errors}${data}`.slice(-10_000)));
        const reader = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
        async function next(): Promise<string> {
          const { value, done } = await reader.next();
          if (done) throw new Error(`"${line}" has ended:\n${errors}`);
          return value;
        }
        const printed: string[] = [];
        while (printed.length < lines) printed.push(await next());
        return {
          printed: printed.join("\n"),
          next,
          async kill(signal = "SIGTERM") {
            await end(child, signal);
            children.delete(child);
          },
        };
      },
    };
  }

  try {
    for (const name of names) await run("ip", ["netns", "add", name]);
    const peer = ["peer", "name", links[1], "netns", names[1]];
    await run("ip", ["link", "add", links[0], "netns", names[0], "type", "veth", ...peer]);
    const one = await host(names[0], links[0], "10.231.7.1");
    const two = await host(names[1], links[1], "10.231.7.2");
    return { one, two, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill(signal);
  await ended;
}

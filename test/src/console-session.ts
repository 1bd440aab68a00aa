import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { type Command, prints } from "./console-block.js";
import { ownEnvironment } from "./npm.js";
import { readWorkspace, root } from "./structure/source-graph.js";

/** A terminal that runs one typed command after the other. */
export interface ConsoleSession {
  /** Runs a command. Throws if it does not behave as the block says. */
  type(command: Command): Promise<void>;
  close(): Promise<void>;
}

const known = /^(?:[A-Z_]+=\S+ )?(?:npm|(?:npx )?interlock|npx @interlock\/cli|cd|node dist\/\S+)\b/;
const staysUp = /^(?:[A-Z_]+=\S+ )?(?:(?:npx )?interlock up|node dist\/\S+)\b/;

/**
 * Opens a session in the folder `start`; `interlock` is the command that is installed in `installed`. Long-running commands
 * keep running beside the next ones; `ILK1-…` becomes a real join token. A command whose comment starts with "refused"
 * must fail.
 */
export function openSession(start: string, installed: string): ConsoleSession {
  // npx runs installed commands only: a package "interlock" in the registry is not ours.
  const env = {
    ...ownEnvironment(),
    npm_config_yes: "false",
    PATH: `${join(installed, "node_modules/.bin")}:${process.env.PATH}`,
  };
  const running: ChildProcess[] = [];
  let folder = start;

  function shell(line: string): ChildProcess {
    // A process group of its own, to end it together with its children.
    return spawn("sh", ["-c", line], { cwd: folder, env, detached: true, stdio: ["ignore", "pipe", "pipe", "pipe"] });
  }

  async function run(line: string): Promise<{ code: number; output: string; stdout: string }> {
    const child = shell(`set -e\n${line}\npwd >&3`);
    const streams = [child.stdout, child.stderr, child.stdio[3]] as NodeJS.ReadableStream[];
    const [stdout = "", stderr = "", pwd = ""] = await Promise.all(streams.map((stream) => text(stream)));
    if (child.exitCode === null) await once(child, "exit");
    folder = pwd.trim() || folder;
    return { code: child.exitCode ?? 1, stdout, output: stdout + stderr };
  }

  async function withJoinToken(line: string): Promise<string> {
    const name = /(?:--name|dist\/start\.js) (\S+)/.exec(line)?.[1];
    if (!line.includes("ILK1-…") || !name) return line;
    const { stdout, output } = await run(`npx interlock invite ${name} --json`);
    const { joinToken } = JSON.parse(stdout || `{"output":${JSON.stringify(output)}}`);
    return line.replace("ILK1-…", joinToken);
  }

  async function startUp(line: string): Promise<void> {
    // The shell ends the assignments of variables at "exec", so it comes after them.
    const child = shell(line.replace(/^(?:[A-Z_]+=\S+ )?/, "$&exec "));
    running.push(child);
    const complaint = text(child.stderr as NodeJS.ReadableStream);
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    const ended = once(child, "exit").then(async () =>
      Promise.reject(new Error(`"${line}" ended: ${await complaint}`)),
    );
    ended.catch(() => {}); // It is expected to end with the session.
    await Promise.race([once(lines, "line"), ended]);
  }

  return {
    async type({ text: line, comment, output }) {
      if (!known.test(line)) throw new Error(`"${line}" is no command that this test knows how to run`);
      if (isOfThisRepository(line, folder)) return;
      if (/npx interlock/.test(line) && !existsSync(join(folder, "node_modules/.bin/interlock"))) {
        throw new Error(`"${line}" is typed outside of a project, where npx would fetch a stranger's "interlock"`);
      }
      const typed = await withJoinToken(line);
      if (staysUp.test(line)) return startUp(typed);
      const done = await run(typed);
      const wanted = comment.startsWith("refused") ? done.code !== 0 : done.code === 0;
      if (!wanted) throw new Error(`"${line}" ended with ${done.code}:\n${done.output}`);
      const missing = output.find((expected) => !prints(done.output, expected));
      if (missing !== undefined) throw new Error(`"${line}" does not print "${missing}", but:\n${done.output}`);
    },
    async close() {
      for (const child of running.filter(({ exitCode }) => exitCode === null)) {
        process.kill(-(child.pid as number), "SIGTERM");
        await once(child, "exit");
      }
    },
  };
}

/**
 * Whether a command is for the top of this repository. It is not run, because `npm test` there runs this very test, but its
 * script or its packages must exist.
 */
function isOfThisRepository(line: string, folder: string): boolean {
  const [, script, packages] = /^npm (?:run (\S+)|(?:install|i)((?: \S+)+)$)/.exec(line) ?? [];
  if (packages && !existsSync(join(folder, "package.json"))) {
    const names = new Set(readWorkspace().map(({ name }) => name));
    const unknown = packages
      .trim()
      .split(" ")
      .find((name) => !name.startsWith("-") && !names.has(name));
    if (unknown) throw new Error(`There is no package ${unknown}`);
    return true;
  }
  if (!line.startsWith("npm ") || existsSync(join(folder, "package.json"))) return false;
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const wanted = script ?? (/^npm (test|start)\b/.exec(line)?.[1] || undefined);
  if (wanted && !(wanted in scripts)) throw new Error(`There is no script "${wanted}"`);
  return true;
}

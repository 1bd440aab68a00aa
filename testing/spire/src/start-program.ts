import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, existsSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { atExit } from "@interlock/testing-processes";

/** A program that runs until it is ended. */
export interface RunningProgram {
  /** Ends it with SIGKILL. */
  kill(): Promise<void>;
}

/** How a program of SPIRE is started. */
export interface ProgramOptions {
  readonly program: string;
  /** The configuration file. */
  readonly config: string;
  /** The socket on which it listens when it is ready. */
  readonly socket: string;
  /** The file for what it prints. */
  readonly log: string;
}

const startLimitMs = 60_000;

/** Starts a program, and resolves when its socket is there. */
export async function startProgram({ program, config, socket, log }: ProgramOptions): Promise<RunningProgram> {
  rmSync(socket, { force: true }); // One of a program that was killed is no sign of life.
  const output = createWriteStream(log, { flags: "a" });
  await once(output, "open");
  const child = spawn(program, ["run", "-config", config], { stdio: ["ignore", output, output] });
  child.unref();
  const withdraw = atExit(() => child.kill("SIGKILL"));
  const limit = Date.now() + startLimitMs;
  while (!existsSync(socket)) {
    if (hasEnded(child) || Date.now() > limit) {
      child.kill("SIGKILL");
      throw new Error(`${program} does not start: ${(await readFile(log, "utf8")).slice(-2_000)}`);
    }
    await sleep(20);
  }
  return {
    async kill() {
      output.destroy();
      if (hasEnded(child)) return;
      child.ref();
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
      withdraw();
    },
  };
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

import { spawn } from "node:child_process";
import { atExit } from "@interlock/testing-processes";

/** What a command has printed and taken. */
export interface Timed {
  readonly stdout: string;
  /** CPU time of the whole process, from its start to its end, user and system, in milliseconds. */
  readonly cpuMs: number;
  /** From the start of the process to its end, in milliseconds. */
  readonly wallMs: number;
}

/** The most that a command may print, in characters. */
const mostPrinted = 4 * 1024 * 1024;

/**
 * Runs a command, and measures it from its start to its end, as the shell's `times` does: in hundredths of a second of CPU.
 *
 * @throws Error with what the command has printed on stderr, when it fails.
 */
export function timeCommand(command: string, args: readonly string[]): Promise<Timed> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    // A process group of its own, so that the command ends together with the shell.
    const child = spawn("sh", ["-c", '"$@" && times', "sh", command, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    const kill = () => child.pid !== undefined && process.kill(-child.pid, "SIGKILL");
    const withdraw = atExit(kill);
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
      if (stdout.length > mostPrinted) kill();
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      stderr = (stderr + text).slice(0, 10_000);
    });
    child.on("error", reject);
    child.on("close", (code) => {
      withdraw();
      const wallMs = performance.now() - began;
      // The last line has the times of the children of the shell, of which there is one.
      const [, before = "", ...times] =
        /^([\s\S]*)\n\S+ \S+\n(\d+)m([\d.]+)s (\d+)m([\d.]+)s\n$/.exec(`\n${stdout}`) ?? [];
      const [userMinutes = 0, user = 0, systemMinutes = 0, system = 0] = times.map(Number);
      if (code !== 0 || times.length === 0) {
        reject(new Error(`${command} failed (${code}): ${stderr.trimEnd()}`));
        return;
      }
      resolve({ stdout: before, wallMs, cpuMs: ((userMinutes + systemMinutes) * 60 + user + system) * 1_000 });
    });
  });
}

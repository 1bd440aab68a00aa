import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { atExit } from "@interlock/testing-processes";

/** A line of the access log. */
export interface AccessLine {
  readonly method: string;
  readonly code: string;
  readonly caller: string;
  readonly subject?: string;
  readonly reason?: string;
  readonly details?: string;
  readonly flags?: string;
}

/** A running Envoy. */
export interface Envoy {
  readonly port: number;
  /** The first line of its access log that is meant, among the last 2,000, or as soon as it comes. */
  logged(isMeant: (line: AccessLine) => boolean): Promise<AccessLine>;
  /** The last lines of its own log, for a failure. */
  readonly log: readonly string[];
  stop(): Promise<void>;
}

/** How long Envoy may take until it listens, in milliseconds. */
const startMs = 30_000;

/** Starts Envoy with a configuration that listens on `port`. Resolves once it takes connections. */
export async function startEnvoy(program: string, configuration: string, port: number): Promise<Envoy> {
  const args = ["-c", configuration, "--concurrency", "1", "--base-id", String(port), "--log-level", "warning"];
  args.push("--file-flush-interval-msec", "50");
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  const stopKilling = atExit(() => child.kill("SIGKILL"));
  const accessLog: AccessLine[] = [];
  const log: string[] = [];
  let wake = () => {};
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (line.startsWith("{")) keep(accessLog, JSON.parse(line), 2_000);
    wake();
  });
  createInterface({ input: child.stderr }).on("line", (line) => keep(log, line, 200));
  await listening(child, port, log);
  return {
    port,
    log,
    async logged(isMeant) {
      for (;;) {
        const line = accessLog.find(isMeant);
        if (line) return line;
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, "exit");
        child.kill("SIGTERM");
        await ended;
      }
      stopKilling();
    },
  };
}

async function listening(child: ChildProcess, port: number, log: readonly string[]): Promise<void> {
  const deadline = performance.now() + startMs;
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`Envoy has ended:\n${log.join("\n")}`);
    if (performance.now() > deadline) throw new Error(`Envoy does not listen:\n${log.join("\n")}`);
    await sleep(50);
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const settle = (answered: boolean) => {
      socket.destroy();
      resolve(answered);
    };
    socket.once("connect", () => settle(true)).once("error", () => settle(false));
  });
}

function keep<T>(list: T[], one: T, most: number): void {
  list.push(one);
  if (list.length > most) list.shift();
}

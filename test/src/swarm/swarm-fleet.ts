import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Authority, startAuthority } from "@interlock/authority";
import { type Bot, joinFleet, silentLog } from "@interlock/bot";
import { connectSwarm, type Swarm } from "@interlock/swarm";
import type { Order, ProcessConfig, Report } from "./messages.js";

/** A process of the swarm: a bot with its own identity, which it keeps across restarts. */
export interface SwarmProcess {
  readonly name: string;
  /** `host:port` of a leader; empty for other roles. */
  readonly address: string;
  /** Adds a listener to its further messages. */
  onReport(listener: (report: Report) => void): void;
  send(order: Order): void;
  /** Sends a signal. For SIGKILL, it resolves when the process is gone. */
  signal(name: "SIGKILL" | "SIGSTOP" | "SIGCONT"): Promise<void>;
  /** Starts it again, with the same identity and address. */
  restart(): Promise<void>;
}

/** An authority in this process, and a swarm in other processes. */
export interface SwarmFleet {
  /** Starts one more process. It gets the addresses of all current leaders. */
  start(role: Role, name: string, options?: StartOptions): Promise<SwarmProcess>;
  /** Connects an operator of this name, with all grants. */
  operator(name: string): Promise<Swarm>;
  readonly folder: string;
  close(): Promise<void>;
}

export interface StartOptions {
  /** A leader's task store. */
  readonly store?: string;
  /** How long a lease a leader gives to tasks of the kind `compute`, in milliseconds. Default: no longer than others. */
  readonly computeMs?: number;
  /** The number of tasks that a worker takes at once. Default: 1. */
  readonly slots?: number;
  /** The number of additional tasks that it receives ahead of time. Default: 0. */
  readonly prefetch?: number;
}

export type Role = "leader" | "worker" | "computing";

const grants = `
grants:
  "worker/*":
    interlock.swarm.v1.DispatchService: [swarm:work]
    interlock.swarm.v1.SafetyService: [safety:watch, safety:acknowledge]
  "operator/*":
    interlock.swarm.v1.OperatorService: [swarm:submit, swarm:read, swarm:operate]
`;

const patienceMs = 15_000;

export async function startSwarmFleet(): Promise<SwarmFleet> {
  const folder = await mkdtemp(join(tmpdir(), "interlock-swarm-"));
  const authority: Authority = await startAuthority({
    dataDir: join(folder, "authority"),
    trustDomain: "swarm",
    port: 0,
    log: silentLog,
  });
  await authority.applyGrants(grants);
  const leaders: string[] = [];
  const children = new Set<ChildProcess>();
  const bots: Bot[] = [];

  async function start(role: Role, name: string, options: StartOptions = {}): Promise<SwarmProcess> {
    const { store = "", computeMs = 0, slots = 1, prefetch = 0 } = options;
    const listeners = new Set<(report: Report) => void>();
    const joinToken = await authority.createJoinToken(name);
    let address = "";
    let child: ChildProcess;

    async function launch(): Promise<void> {
      child = fork(fileURLToPath(new URL(`./${role}-process.js`, import.meta.url)), {
        stdio: ["ignore", "ignore", "inherit", "ipc"],
      });
      children.add(child);
      const started = child;
      child.on("exit", () => children.delete(started));
      const ready = new Promise<string>((resolve, reject) => {
        child.on("message", (report: Report) => {
          if (report.type === "ready") resolve(report.address);
          if (report.type === "failed") reject(new Error(`${name}: ${report.error}`));
          for (const listener of listeners) listener(report);
        });
        child.on("exit", (code, signal) => reject(new Error(`${name} ended (${signal ?? code})`)));
      });
      const port = Number(address.split(":").at(-1) ?? 0);
      const config: ProcessConfig = {
        authority: authority.address,
        name,
        joinToken,
        port,
        store,
        computeMs,
        slots,
        prefetch,
        leaders,
        stateDir: join(folder, name),
      };
      child.send(config);
      address = await ready;
    }

    const swarmProcess: SwarmProcess = {
      name,
      get address() {
        return address;
      },
      onReport: (listener) => void listeners.add(listener),
      send: (order) => void (child.connected && child.send(order, () => {})),
      async signal(signal) {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const gone = signal === "SIGKILL" ? once(child, "exit") : undefined;
        child.kill(signal);
        await gone;
      },
      restart: launch,
    };
    await launch();
    if (role === "leader") leaders.push(address);
    return swarmProcess;
  }

  async function joinHere(name: string): Promise<Bot> {
    const joinToken = await authority.createJoinToken(name);
    const stateDir = join(folder, name);
    const bot = await joinFleet({ authority: authority.address, name, joinToken, stateDir, log: silentLog });
    bots.push(bot);
    return bot;
  }

  return {
    folder,
    start,
    operator: async (name) => connectSwarm(await joinHere(name), leaders),
    async close() {
      const ended = [...children].map((child) => {
        const exit = once(child, "exit");
        child.kill("SIGKILL");
        return exit;
      });
      await Promise.all(ended);
      await Promise.all(bots.map((bot) => bot.close(0)));
      await authority.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Waits until `isSo` is true, at most `limitMs`. It polls, for states without a notification. */
export async function until(isSo: () => Promise<boolean> | boolean, what: string, limitMs = patienceMs): Promise<void> {
  for (const end = Date.now() + limitMs; !(await isSo()); ) {
    if (Date.now() > end) throw new Error(`not so after ${limitMs} ms: ${what}`);
    await sleep(20);
  }
}

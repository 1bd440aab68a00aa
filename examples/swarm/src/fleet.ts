import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Bot, joinFleet, silentLog, writePrivateFile } from "@interlock/bot";
import { OperatorService } from "@interlock/swarm";
import { fetchToken, type Loot } from "./attackers.js";
import type { AuthorityConfig, ChildMessage, LeaderConfig, WorkerConfig } from "./messages.js";
import { type Process, startProcess } from "./process.js";

const grants = `
grants:
  "worker/*":
    interlock.swarm.v1.DispatchService: [swarm:work]
    interlock.swarm.v1.SafetyService: [safety:watch, safety:acknowledge]
    warehouse.v1.TrafficService: [floor:move]
  "operator/*":
    interlock.swarm.v1.OperatorService: [swarm:submit, swarm:read, swarm:operate]
    warehouse.v1.TrafficService: [floor:read]
  "visitor/*":
    interlock.swarm.v1.OperatorService: [swarm:read]
`;

/** The demo's fleet: each bot is a process, but for the operator and the visitor, who are this one. */
export interface Fleet {
  readonly operator: Bot;
  /** `host:port`. */
  readonly leader: string;
  readonly workers: readonly string[];
  readonly loot: Loot;
  /** A line for another terminal that lets the robot of this name in. */
  joinLine(name: string): Promise<string>;
  /** Ends all of it; afterwards everything that the processes said has been heard. */
  stop(): Promise<void>;
}

export interface FleetOptions {
  /** Where state is kept; empty at the start. */
  readonly dir: string;
  readonly workers: number;
  readonly seed: number;
  readonly stepMs: number;
  readonly onMessage: (from: string, message: ChildMessage) => void;
  /** A process ended although nobody asked it to. */
  readonly onDeath: (name: string, problem: string) => void;
  /** Is told as soon as there is something to stop. */
  readonly onStarted: (stop: () => Promise<void>) => void;
}

/** Starts authority, leader and workers, in this order, and joins as operator and as visitor. */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const { dir, onDeath, onMessage } = options;
  const running: { stop(): Promise<void> }[] = [];
  const tokens = new Map<string, (joinToken: string) => void>();
  const stop = async () => {
    const [authority, leader, ...others] = running.splice(0);
    await Promise.all(others.map((each) => each.stop()));
    await leader?.stop();
    await authority?.stop();
  };
  options.onStarted(stop);

  async function start(name: string, file: string, config: object): Promise<Process> {
    const hear = (message: ChildMessage) => {
      if (message.type === "joinToken") tokens.get(message.name)?.(message.joinToken);
      else onMessage(name, message);
    };
    const process = await startProcess({
      ...{ name, file, config, onMessage: hear },
      onDeath: (problem) => onDeath(name, problem),
    });
    running.push(process);
    return process;
  }

  function createJoinToken(name: string): Promise<string> {
    return new Promise((resolve) => {
      tokens.set(name, resolve);
      authorityProcess.ask({ type: "createJoinToken", name });
    });
  }

  async function joinHere(name: string): Promise<Bot> {
    const joinToken = await createJoinToken(name);
    const bot = await joinFleet({ authority, name, joinToken, stateDir: join(dir, name), log: silentLog });
    running.push({ stop: () => bot.close(0) });
    return bot;
  }

  const authorityConfig: AuthorityConfig = { dataDir: join(dir, "authority"), grants };
  const authorityProcess = await start("authority", "./authority.js", authorityConfig);
  const { address: authority, ca: caDer = "" } = authorityProcess.ready;

  const leaderConfig: LeaderConfig = {
    ...{ authority, stateDir: join(dir, "leader/1"), stepMs: options.stepMs },
    joinToken: await createJoinToken("leader/1"),
  };
  const leader = (await start("leader/1", "./leader.js", leaderConfig)).ready.address;

  const workers = Array.from({ length: options.workers }, (_, i) => `worker/${i + 1}`);
  const crew = workers.map(async (name, i) => {
    const joinToken = await createJoinToken(name);
    const config: WorkerConfig = { authority, leader, joinToken, stateDir: join(dir, name), seed: options.seed + i };
    return start(name, "./worker.js", config);
  });
  const [operator, visitor] = await Promise.all([joinHere("operator/1"), joinHere("visitor/1"), ...crew]);

  const ca = `-----BEGIN CERTIFICATE-----\n${caDer}\n-----END CERTIFICATE-----\n`;
  const operatorCredentials = await readCredentials(join(dir, "operator/1"));
  return {
    ...{ operator, leader, workers },
    loot: {
      ...{ leader, authority, ca },
      operatorToken: await fetchToken(authority, ca, operatorCredentials),
      operator: operatorCredentials,
      visitor: await readCredentials(join(dir, "visitor/1")),
      visitorClient: visitor.client(OperatorService, leader),
    },
    async joinLine(name) {
      // A join token is longer than a terminal is wide, and a line that wraps is hard to copy: a file holds it.
      const worker = fileURLToPath(new URL("./worker.js", import.meta.url));
      const args = `--authority ${authority} --leader ${leader} --join ${await createJoinToken(name)}`;
      const script = join(dir, "join");
      await writePrivateFile(script, `exec "${process.execPath}" "${worker}" ${args}\n`);
      return `sh ${script}`;
    },
    stop,
  };
}

/** Reads what a bot keeps in its state folder, as one who has broken into its machine could. */
async function readCredentials(stateDir: string): Promise<{ key: string; certificate: string }> {
  const pem = await readFile(join(stateDir, "identity.pem"), "utf8");
  const key = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----\n/.exec(pem)?.[0] ?? "";
  return { key, certificate: pem.replace(key, "") };
}

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { atExit, freePort, makeTemporaryFolder } from "@interlock/testing-processes";
import { findRedis } from "./find-redis.js";

/** How a server is started. */
export interface RedisOptions {
  /** The password that clients have to give. Default: none. */
  readonly password?: string;
  /** Serves TLS, and nothing else, with the key and the certificate in these files. Default: plain TCP. */
  readonly tls?: { readonly key: string; readonly certificate: string };
}

/** A Redis server of one's own, on a free port of 127.0.0.1, that keeps nothing on the disk. */
export interface RedisServer {
  readonly port: number;
  /** `redis://…`, with the password. */
  readonly url: string;
  /** Sends one command over a connection of its own, and resolves to the answer as it was on the wire. Not with TLS. */
  ask(...command: readonly string[]): Promise<string>;
  /** Stops it as it is: connections stay, and nothing is answered. */
  freeze(): void;
  /** Lets it go on. */
  thaw(): void;
  /** Ends it with SIGKILL. */
  kill(): Promise<void>;
  /** Starts it again on the same port, empty. */
  restart(): Promise<void>;
  /** Ends it. It also ends with this process. */
  stop(): Promise<void>;
}

const attempts = 3;
const startLimitMs = 15_000;

/** Starts Redis. Rejects when it is not installed. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(await freePort(), options);
    } catch (error) {
      if (attempt === attempts) throw error;
    }
  }
}

async function start(port: number, { password, tls }: RedisOptions): Promise<RedisServer> {
  const program = findRedis();
  if (!program) throw new Error("there is no Redis here: install it, on Debian with apt-get install redis-server");
  const folder = makeTemporaryFolder("redis");
  const listening = tls
    ? ["--port", "0", "--tls-port", `${port}`, "--tls-key-file", tls.key, "--tls-cert-file", tls.certificate]
    : ["--port", `${port}`];
  const args = [
    ...["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder.path, ...listening],
    ...(tls ? ["--tls-auth-clients", "no"] : []),
    ...(password === undefined ? [] : ["--requirepass", password]),
  ];
  let child: ChildProcess;
  let withdraw = () => {};

  async function run(): Promise<void> {
    child = spawn(program as string, args, { stdio: "ignore" });
    child.unref();
    withdraw = atExit(() => child.kill("SIGKILL"));
    const limit = Date.now() + startLimitMs;
    while (!(await listens(port))) {
      if (child.exitCode !== null || Date.now() > limit) throw new Error(`redis-server does not listen at ${port}`);
      await sleep(10);
    }
  }

  async function kill(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.ref();
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
    withdraw();
  }

  async function stop(): Promise<void> {
    await kill();
    folder.remove();
  }

  try {
    await run();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    port,
    url: `redis${tls ? "s" : ""}://${password === undefined ? "" : `:${encodeURIComponent(password)}@`}127.0.0.1:${port}`,
    ask: (...command) => send(port, [...(password === undefined ? [] : [["AUTH", password]]), command]),
    freeze: () => void child.kill("SIGSTOP"),
    thaw: () => void child.kill("SIGCONT"),
    kill,
    restart: run,
    stop,
  };
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  return new Promise((resolve) => {
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
  }).finally(() => socket.destroy()) as Promise<boolean>;
}

/** Sends commands as RESP has them, then QUIT, and resolves to what comes back before the connection ends. */
async function send(port: number, commands: readonly (readonly string[])[]): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  for (const command of [...commands, ["QUIT"]]) {
    const parts = command.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`);
    socket.write(`*${command.length}\r\n${parts.join("")}`);
  }
  let answer = "";
  for await (const chunk of socket) answer += chunk;
  return answer.replace(/\+OK\r\n$/, "").replace(commands.length > 1 ? /^\+OK\r\n/ : "", "");
}

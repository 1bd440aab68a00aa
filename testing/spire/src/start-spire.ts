import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort, makeTemporaryFolder } from "@interlock/testing-processes";
import { agentConfiguration, type SpireSetup, serverConfiguration, socketsIn } from "./configuration.js";
import { findSpire } from "./find-spire.js";
import { startProgram } from "./start-program.js";

/** How SPIRE is started. */
export type SpireOptions = Pick<SpireSetup, "trustDomain" | "serverPlugins" | "bundlePort" | "federatesWith">;

/** An identity that this very process, by its uid, is to be given. */
export interface SpireEntry {
  /** The name, as in `spiffe://<trust domain>/<name>`. */
  readonly name: string;
  readonly hint?: string;
  /** The lifetime of its certificates, in seconds. Default: an hour. */
  readonly ttlSeconds?: number;
}

/** A SPIRE server with one agent, which are gone when this process ends. */
export interface Spire {
  /** The Workload API of the agent: `unix:///…`. */
  readonly endpoint: string;
  /** Registers an identity; the agent hears of it a moment later. */
  register(entry: SpireEntry): Promise<void>;
  /** The bundle of the trust domain, PEM. */
  bundle(): Promise<string>;
  /** Runs a command of `spire-server`, such as `bundle show -format spiffe`, and gives what it prints. */
  command(...args: readonly string[]): Promise<string>;
  /** Prepares a new CA. Gives its id, and that of the active one. */
  prepareCa(): Promise<{ readonly prepared: string; readonly active: string }>;
  /** Signs with a prepared CA from now on. */
  activateCa(id: string): Promise<void>;
  /** Has everything below a CA that is not active any more renewed at once. */
  taintCa(id: string): Promise<void>;
  /** Takes a CA out of the bundle. */
  revokeCa(id: string): Promise<void>;
  /** Ends the agent with SIGKILL. */
  killAgent(): Promise<void>;
  /** Starts the agent again. */
  startAgent(): Promise<void>;
  stop(): Promise<void>;
}

const execute = promisify(execFile);

/** Starts SPIRE. Rejects where {@link findSpire} has none. */
export async function startSpire(options: SpireOptions): Promise<Spire> {
  const programs = await findSpire();
  if ("missing" in programs) throw new Error(programs.missing);
  const temporary = makeTemporaryFolder("spire");
  const folder = temporary.path;
  const setup: SpireSetup = { ...options, folder, port: await freePort() };
  const sockets = socketsIn(folder);
  const [serverConfig, agentConfig] = [join(folder, "server.conf"), join(folder, "agent.conf")];
  await Promise.all([mkdir(join(folder, "server")), mkdir(join(folder, "agent"))]);
  await writeFile(serverConfig, serverConfiguration(setup));
  const node = `spiffe://${options.trustDomain}/node`;

  const ask = async (...args: readonly string[]): Promise<string> => {
    const { stdout } = await execute(programs.server, [...args, "-socketPath", sockets.server]);
    return stdout;
  };
  const localCa = async (verb: string, ...args: string[]) =>
    JSON.parse(await ask("localauthority", "x509", verb, "-output", "json", ...args));

  const server = await startProgram({
    program: programs.server,
    config: serverConfig,
    socket: sockets.server,
    log: join(folder, "server.log"),
  });
  const startAgent = () =>
    startProgram({
      program: programs.agent,
      config: agentConfig,
      socket: sockets.agent,
      log: join(folder, "agent.log"),
    });
  const { value: joinToken } = JSON.parse(await ask("token", "generate", "-spiffeID", node, "-output", "json"));
  await writeFile(join(folder, "bundle.pem"), await ask("bundle", "show"));
  await writeFile(agentConfig, agentConfiguration(setup, joinToken));
  let agent = await startAgent();

  return {
    endpoint: `unix://${sockets.agent}`,
    async register({ name, hint = "", ttlSeconds = 3_600 }) {
      const id = `spiffe://${options.trustDomain}/${name}`;
      const selector = `unix:uid:${process.getuid?.()}`;
      const entry = ["-parentID", node, "-spiffeID", id, "-selector", selector, "-hint", hint];
      await ask("entry", "create", ...entry, "-x509SVIDTTL", String(ttlSeconds));
    },
    bundle: () => ask("bundle", "show"),
    command: ask,
    async prepareCa() {
      const { prepared_authority: prepared } = await localCa("prepare");
      const { active } = await localCa("show");
      return { prepared: prepared.authority_id, active: active.authority_id };
    },
    activateCa: (id) => localCa("activate", "-authorityID", id),
    taintCa: (id) => localCa("taint", "-authorityID", id),
    revokeCa: (id) => localCa("revoke", "-authorityID", id),
    killAgent: () => agent.kill(),
    async startAgent() {
      agent = await startAgent();
    },
    async stop() {
      await agent.kill();
      await server.kill();
      temporary.remove();
    },
  };
}

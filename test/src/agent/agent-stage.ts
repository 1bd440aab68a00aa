import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Authority, startAuthority } from "@interlock/authority";
import { type Bot, joinFleet, silentLog } from "@interlock/bot";
import { EchoService } from "@interlock/bot/testing";
import { makeTemporaryFolder } from "@interlock/testing-processes";
import { root } from "../structure/source-graph.js";
import { type Running, start } from "./running.js";

/** The service, served by anybody of the fleet. */
export const Echo = { ...EchoService, servedBy: ["*/*"] } as const;

/** A fleet with `interlock agent` in processes of its own. */
export interface AgentStage {
  readonly folder: string;
  readonly authority: Authority;
  /** Joins a bot in this process. */
  joinAs(name: string): Promise<Bot>;
  /** Serves {@link Echo}. Gives the address. */
  serve(bot: Bot): Promise<string>;
  /** Starts `interlock agent` for a bot that has not joined, or again for one that has. */
  startAgent(name: string): Promise<{ readonly running: Running; readonly endpoint: string }>;
  /** Starts a program that ends with the stage. */
  start(program: readonly string[], env?: NodeJS.ProcessEnv): Running;
  end(): Promise<void>;
}

const grants = `grants:
  "member/*": {${Echo.name}: ["echo:call"]}
  "proxy/*": {${Echo.name}: ["echo:call"]}
  "caller/*": {${Echo.name}: ["echo:call"]}
`;

/** Starts the authority, with OAuth. Certificates live for `leafTtlMs`. */
export async function agentStage(leafTtlMs: number): Promise<AgentStage> {
  const folder = makeTemporaryFolder("agent");
  const ends: (() => unknown)[] = [() => folder.remove()];
  const dataDir = join(folder.path, "authority");
  const serving = { trustDomain: "cafe", port: 0, https: { port: 0 }, log: silentLog, leafTtlMs };
  const authority = await startAuthority({ dataDir, ...serving });
  ends.push(() => authority.close());
  await authority.applyGrants(grants);
  const stateDir = (name: string) => join(folder.path, "bots", name);
  const socket = (name: string) => join(folder.path, name.replace("/", "-"), "agent.sock");

  function launch(program: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
    const running = start(program, folder.path, env);
    ends.push(() => running.stop());
    return running;
  }

  return {
    folder: folder.path,
    authority,
    start: launch,
    async joinAs(name) {
      const joinToken = await authority.createJoinToken(name);
      const bot = await joinFleet({
        authority: authority.address,
        name,
        joinToken,
        stateDir: stateDir(name),
        log: silentLog,
      });
      ends.push(() => bot.close(0));
      return bot;
    },
    async serve(bot) {
      const { address } = await bot.serve({ port: 0 }, (routes) =>
        routes.add(Echo, {
          echo: (request) => request,
          open: (request, { caller }) => ({ ...request, domain: caller.spiffeId.uri }),
          reset: (request) => request,
          join: async () => ({}),
          async *count() {},
          async *chat(requests) {
            for await (const request of requests) yield request;
          },
        }),
      );
      return address;
    },
    async startAgent(name) {
      const joined = await readFile(join(stateDir(name), "identity.pem")).then(
        () => true,
        () => false,
      );
      const command = [process.execPath, join(root, "packages/cli/bin/interlock.js"), "agent", "--json"];
      const options = [
        "--name",
        name,
        "--socket",
        socket(name),
        "--dir",
        stateDir(name),
        "--authority",
        authority.address,
      ];
      const env = joined ? {} : { INTERLOCK_JOIN_TOKEN: await authority.createJoinToken(name) };
      const running = launch([...command, ...options, "--verbose"], env);
      const { sockets } = JSON.parse(await running.line(/"sockets"/));
      return { running, endpoint: sockets[0] };
    },
    async end() {
      for (const one of ends.reverse()) await one();
    },
  };
}

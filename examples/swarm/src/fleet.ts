import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Bot, type BotServer, joinFleet, silentLog } from "@interlock/bot";
import type { Chronicle } from "./chronicle.js";
import { type Credentials, readCredentials } from "./credentials.js";
import type { Feed } from "./dashboard/feed.js";
import { feedService } from "./dashboard/feed-service.js";
import type { DashboardConfig } from "./dashboard/options.js";
import { FeedService } from "./gen/warehouse/v1/feed_interlock.js";
import type {
  AuthorityConfig,
  FloorConfig,
  GatewayConfig,
  LaptopConfig,
  LeaderConfig,
  WorkerConfig,
} from "./messages.js";
import { type Process, startProcess } from "./process.js";

/** A bot in a process of its own, across restarts. */
export interface Member extends Omit<Process, "ready" | "stop"> {
  /** `host:port`. */
  readonly address: string;
  /** Starts it again, with the same identity and address. */
  restart(): Promise<void>;
}

/** The demo's fleet: each bot is a process, except those that join here. */
export interface Fleet {
  readonly authority: { readonly address: string; readonly ca: string };
  readonly floor: Member;
  readonly leader: Member;
  /** The door through which orders come to the leader. */
  readonly gateway: Member;
  readonly workers: readonly Member[];
  /** The page of the dashboard. */
  readonly dashboard: string;
  /** A bot in this process. */
  join(name: string): Promise<Bot>;
  /** One more process. */
  start(name: string, file: string, config: (joinToken: string) => object): Promise<Member>;
  zombie(name: string): Promise<Member>;
  laptop(): Promise<Member>;
  /** A join token. */
  invite(name: string): Promise<string>;
  /** Resolves to the time at which the authority confirmed it. */
  revoke(name: string): Promise<number>;
  /** The credentials that an attacker on the bot's machine gets. */
  loot(name: string): Promise<Credentials>;
  /** A command for another terminal that adds the robot of this name. */
  joinLine(name: string): Promise<string>;
  folderOf(name: string): string;
}

export interface FleetOptions {
  /** Where state is kept; empty at the start. */
  readonly dir: string;
  readonly workers: number;
  readonly seed: number;
  readonly stepMs: number;
  readonly feed: Feed;
  /** A file for the record of the run; empty for none. */
  readonly record: string;
  /** A grants file. */
  readonly grants: string;
  readonly chronicle: Chronicle;
  /** Is called when a process ends unexpectedly. */
  readonly onDeath: (problem: string) => void;
  /** Receives the function that stops the fleet. When that resolves, all messages of the processes have been received. */
  readonly onStarted: (stop: () => Promise<void>) => void;
}

// Short, so that everything is renewed during the demo.
const leafTtlMs = 20_000;
const tokenTtlMs = 30_000;

/** Starts authority, floor, leader, gateway, dashboard and workers, in this order. */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const { dir, seed, stepMs, feed, record, grants, chronicle, onDeath } = options;
  const running: { stop(): Promise<void> }[] = [];
  let ended = false;
  options.onStarted(async () => {
    ended = true;
    // Workers first, the authority last.
    const [authority, floor, leader, ...others] = running.splice(0);
    await Promise.all(others.map((each) => each.stop()));
    for (const each of [leader, floor, authority]) await each?.stop();
  });

  const folderOf = (name: string) => join(dir, name);
  const invite = (name: string) => authority.ask<string>({ type: "createJoinToken", name });
  const at = (name: string, joinToken: string) => ({
    authority: authority.address,
    joinToken,
    stateDir: folderOf(name),
  });

  /** `again` returns the changes to the configuration for a restart. */
  async function launch(name: string, file: string, config: object, again = (_: Member) => ({})): Promise<Member> {
    const onMessage = (message: Parameters<Chronicle["note"]>[1]) => chronicle.note(name, message);
    const start = (config: object) => startProcess({ name, file, config, onMessage, onDeath });
    let current = await start(config);
    const member: Member = {
      name,
      get address() {
        return current.ready.address;
      },
      tell: (message) => current.tell(message),
      ask: (question) => current.ask(question),
      freeze: () => current.freeze(),
      thaw: () => current.thaw(),
      kill: () => current.kill(),
      async restart() {
        const started = await start({ ...config, ...again(member) });
        current = started;
        if (ended) await started.stop();
      },
    };
    ca ||= current.ready.ca ?? "";
    running.push({ stop: () => current.stop() });
    if (ended) await current.stop();
    return member;
  }

  async function start(name: string, file: string, config: (joinToken: string) => object): Promise<Member> {
    return launch(name, file, config(await invite(name)));
  }

  async function joinHere(name: string): Promise<Bot> {
    const bot = await joinFleet({ ...at(name, await invite(name)), name, log: silentLog });
    chronicle.follow(bot);
    running.push({ stop: () => bot.close(0) });
    return bot;
  }

  let ca = "";
  const authorityConfig: AuthorityConfig = { dataDir: folderOf("authority"), grants, leafTtlMs, tokenTtlMs };
  const authority = await launch("authority", "./authority.js", authorityConfig);
  const pem = `-----BEGIN CERTIFICATE-----\n${ca}\n-----END CERTIFICATE-----\n`;

  const floorConfig: FloorConfig = { ...at("floor/1", await invite("floor/1")), stepMs };
  const starting = launch("floor/1", "./floor-process.js", floorConfig);
  const leaderConfig: LeaderConfig = { ...at("leader/1", await invite("leader/1")), port: 0 };
  const samePort = ({ address }: Member) => ({ port: Number(address.split(":").at(-1)) });
  const floor = await starting;
  const leader = await launch("leader/1", "./leader.js", leaderConfig, samePort);

  const gatewayConfig = (joinToken: string): GatewayConfig => ({
    ...at("gateway/1", joinToken),
    leader: leader.address,
  });
  const gateway = await start("gateway/1", "./gateway.js", gatewayConfig);

  const story = await joinHere("story/1");
  const told: BotServer = await story.serve({ port: 0 }, (routes) => routes.add(FeedService, feedService(feed)));
  const workerConfig = (name: string, seed: number, joinToken: string): WorkerConfig => ({
    ...at(name, joinToken),
    leader: leader.address,
    floor: floor.address,
    seed,
  });
  const dashboardConfig = (joinToken: string): DashboardConfig => ({
    ...at("dashboard/1", joinToken),
    leaders: [leader.address],
    floor: floor.address,
    feed: told.address,
    port: 0,
    record,
  });
  const crew = Array.from({ length: options.workers }, (_, i) =>
    start(`worker/${i + 1}`, "./worker.js", (joinToken) => workerConfig(`worker/${i + 1}`, seed + i, joinToken)),
  );
  const [dashboard, ...workers] = await Promise.all([
    start("dashboard/1", "./dashboard/main.js", dashboardConfig),
    ...crew,
  ]);

  return {
    authority: { address: authority.address, ca: pem },
    floor,
    leader,
    gateway,
    workers,
    dashboard: dashboard.address,
    join: joinHere,
    start,
    invite,
    folderOf,
    zombie: (name) => start(name, "./zombie.js", (joinToken) => workerConfig(name, seed, joinToken)),
    laptop: () => launch("laptop", "./laptop.js", { ca: pem } satisfies LaptopConfig),
    revoke: (name) => authority.ask<number>({ type: "revoke", name }),
    loot: (name) => readCredentials(folderOf(name)),
    async joinLine(name) {
      // A join token is longer than a terminal line, and a wrapped line is hard to copy: the command goes into a file.
      const worker = fileURLToPath(new URL("./worker.js", import.meta.url));
      const where = `--authority ${authority.address} --leader ${leader.address} --floor ${floor.address}`;
      const script = join(dir, `join-${name.split("/").at(-1)}`);
      // In the environment: every user of a machine can read the arguments of its processes.
      const token = `export INTERLOCK_JOIN_TOKEN=${await invite(name)}\n`;
      await writeFile(script, `${token}exec "${process.execPath}" "${worker}" ${where}\n`, { mode: 0o600 });
      return `sh ${script}`;
    },
  };
}

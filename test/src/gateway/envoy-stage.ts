import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Authority, startAuthority } from "@interlock/authority";
import { type Bot, type Denial, joinFleet, silentLog } from "@interlock/bot";
import { AuthorityService } from "@interlock/bot/protocol";
import type { Rate } from "@interlock/policy";
import { type DoorBot, serveDoor } from "./door-bot.js";
import { DoorService } from "./door-service.js";
import { type Door, openDoor } from "./open-door.js";

/** A real fleet with a bot behind Envoy. */
export interface EnvoyStage extends Omit<Door, "close"> {
  readonly authority: Authority;
  readonly served: DoorBot;
  /** What the gateway has refused. */
  readonly denials: readonly Denial[];
  /** Joins a bot. */
  joinAs(name: string): Promise<Bot>;
  /** A client of the service, through the door. */
  client(bot: Bot): ReturnType<typeof doorClient>;
  /** A valid `authorization` of a bot. */
  authorizationOf(bot: Bot, service?: string, scopes?: readonly string[]): Promise<string>;
  end(): Promise<void>;
}

/** How a stage differs from others. */
export interface EnvoyStageOptions {
  /** How long certificates are valid, in milliseconds. Default: 1 hour. */
  readonly leafTtlMs?: number;
  /** How long tokens are valid, in milliseconds. Default: 10 minutes. */
  readonly tokenTtlMs?: number;
  readonly callerRate?: Rate;
}

const gateway = "gateway/1";
const doorClient = (bot: Bot, address: string) => bot.client(DoorService, address);

/** Who may do what. `reader/*` holds one scope of two; `test.OtherService` is a second audience. */
const grants = `grants:
  "caller/*": {test.DoorService: ["echo:call", "echo:reset"], test.OtherService: ["echo:call"]}
  "reader/*": {test.DoorService: ["echo:call"]}
  "gateway/*": {test.DoorService: ["token:exchange"]}
`;

/** Starts the authority, the bot, the authorization service and Envoy. */
export async function envoyStage(
  program: string,
  { leafTtlMs = 3_600_000, tokenTtlMs = 600_000, callerRate }: EnvoyStageOptions = {},
): Promise<EnvoyStage> {
  const folder = await mkdtemp(join(tmpdir(), "interlock-envoy-"));
  const ends: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true })];
  const end = async () => {
    for (const one of ends.splice(0).reverse()) await one();
  };
  try {
    const authority = await startAuthority({
      dataDir: join(folder, "authority"),
      trustDomain: "cafe",
      port: 0,
      log: silentLog,
      leafTtlMs,
      tokenTtlMs,
      https: { port: 0 },
    });
    ends.push(() => authority.close());
    await authority.applyGrants(grants);
    let joined = 0;
    const joinAs = async (name: string) => {
      const joinToken = await authority.createJoinToken(name);
      const stateDir = join(folder, "bots", `${joined++}`);
      const bot = await joinFleet({ authority: authority.address, name, joinToken, stateDir, log: silentLog });
      ends.push(() => bot.close(0));
      return bot;
    };
    const served = await serveDoor(await joinAs("echo/1"));
    const bot = await joinAs(gateway);
    const denials: Denial[] = [];
    bot.onDenial((denial) => denials.push(denial));
    const { issuer } = authority;
    const door = await openDoor({
      program,
      bot,
      service: DoorService,
      upstream: served.server.address,
      issuer,
      keys: { url: `${issuer}/jwks` },
      callerRate,
    });
    ends.push(() => door.close());
    return {
      ...door,
      authority,
      served,
      denials,
      joinAs,
      client: (caller) => doorClient(caller, door.address),
      async authorizationOf(caller, service = DoorService.name, scopes = ["echo:call"]) {
        const client = caller.client(AuthorityService, authority.address);
        return `Bearer ${(await client.issueToken({ audience: service, scopes })).token}`;
      },
      end,
    };
  } catch (error) {
    await end();
    throw error;
  }
}

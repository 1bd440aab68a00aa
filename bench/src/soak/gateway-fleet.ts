import { join } from "node:path";
import { type Authority, startAuthority } from "@interlock/authority";
import { type Bot, joinFleet, silentLog } from "@interlock/bot";
import { type Forked, forkProcess, makeTemporaryFolder } from "@interlock/testing-processes";
import { SoakService } from "../gen/interlock/bench/v1/soak_interlock.js";
import type { GatewayAnswer, GatewayAsk } from "./gateway-process.js";

/** A bot in a process of its own, which can be killed and started again. */
export interface Member {
  readonly process: Forked<GatewayAsk, Required<GatewayAnswer>>;
  /** Kills it. What it has on the disk stays. */
  kill(): Promise<void>;
  /** Starts it again, as the same bot. */
  restart(): Promise<void>;
}

/** A fleet with gateways and bots behind them, each in its own process; its authority and its callers are here. */
export interface GatewayFleet {
  readonly authority: Authority;
  /** Starts a bot in a process of its own. */
  start(name: string): Promise<Member>;
  /** Joins a bot in this process. */
  enter(name: string): Promise<Bot>;
  end(): Promise<void>;
}

const grants = `grants:
  "caller/*":
    ${SoakService.name}: [soak:call]
  "gateway/*":
    ${SoakService.name}: [token:exchange]
`;

/** Starts the authority of a fleet whose certificates and tokens last so long. */
export async function startGatewayFleet(leafTtlMs: number, tokenTtlMs: number): Promise<GatewayFleet> {
  const temporary = makeTemporaryFolder("gateway");
  const stateDir = (name: string) => join(temporary.path, name);
  const authority = await startAuthority({
    dataDir: stateDir("authority"),
    trustDomain: "soak",
    port: 0,
    log: silentLog,
    leafTtlMs,
    tokenTtlMs,
  });
  await authority.applyGrants(grants);
  const members: Member[] = [];
  const bots: Bot[] = [];

  async function sideOf(name: string) {
    const joinToken = await authority.createJoinToken(name);
    return { authority: authority.address, name, joinToken, stateDir: stateDir(name) };
  }

  return {
    authority,
    async start(name) {
      const side = await sideOf(name);
      const member = await startMember(side);
      members.push(member);
      return member;
    },
    async enter(name) {
      const bot = await joinFleet({ ...(await sideOf(name)), log: silentLog });
      bots.push(bot);
      return bot;
    },
    async end() {
      await Promise.all(bots.map((bot) => bot.close(0)));
      await Promise.all(members.map(({ process }) => process.stop()));
      await authority.close();
      temporary.remove();
    },
  };
}

async function startMember(side: { readonly name: string } & Extract<GatewayAsk, { do: "join" }>["side"]) {
  async function begin(): Promise<Member["process"]> {
    const forked = forkProcess<GatewayAsk, Required<GatewayAnswer>>(
      new URL("gateway-process.js", import.meta.url),
      side.name,
    );
    await forked.ask({ do: "join", side });
    return forked;
  }
  let current = await begin();
  return {
    get process() {
      return current;
    },
    kill: () => current.kill(),
    async restart() {
      current = await begin();
    },
  };
}

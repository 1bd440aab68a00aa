import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Authority, type AuthorityOptions, startAuthority } from "@interlock/authority";
import { type Bot, type Caller, type Implementation, joinFleet, type Log, silentLog } from "@interlock/bot";
import { EchoService } from "@interlock/bot/testing";
import { type Gateway, type GatewayOptions, openGateway } from "@interlock/gateway";

/** A bot that serves `EchoService`, and remembers for whom. */
export interface Echo {
  readonly bot: Bot;
  readonly address: string;
  readonly callers: Caller[];
  /** Closes the server, and not the bot. Open calls may take `graceMs`, by default 0. */
  close(graceMs?: number): Promise<void>;
}

/** An authority, bots that serve `EchoService`, and a gateway in front of them. */
export interface GatewayStage {
  readonly authority: Authority;
  readonly folder: string;
  joinAs(name: string, log?: Log): Promise<Bot>;
  /** Serves at a free port, or at the one given. A name that has joined before serves again. */
  serve(name: string, overrides?: Partial<Implementation<typeof EchoService>>, port?: number): Promise<Echo>;
  /** Opens a gateway: by default in front of the addresses given, or of those in the directory. */
  gateway(name: string, options?: Partial<GatewayOptions> & { readonly addresses?: string[] }): Promise<Gateway>;
  end(): Promise<void>;
}

/** The service as a proto file would have it that says who serves it. */
export const RoutedEcho = { ...EchoService, servedBy: ["echo/*"] } as const;

const grants = `
grants:
  "caller/*":
    ${EchoService.name}: ["echo:call", "echo:reset"]
  "poor/*":
    ${EchoService.name}: ["echo:other"]
  "gateway/*":
    ${EchoService.name}: ["token:exchange", "directory:read"]
`;

/** Sets the stage. */
export async function gatewayStage(options: Partial<AuthorityOptions> = {}): Promise<GatewayStage> {
  const folder = await mkdtemp(join(tmpdir(), "interlock-gateway-"));
  const dataDir = join(folder, "authority");
  const authority = await startAuthority({ dataDir, trustDomain: "cafe", port: 0, log: silentLog, ...options });
  await authority.applyGrants(grants);
  const ends: (() => Promise<unknown>)[] = [];
  const serving = new Map<string, Bot>();

  async function joinAs(name: string, log: Log = silentLog): Promise<Bot> {
    const joinToken = await authority.createJoinToken(name);
    const stateDir = join(folder, "bots", name);
    const bot = await joinFleet({ authority: authority.address, name, joinToken, stateDir, log });
    ends.unshift(() => bot.close(0));
    return bot;
  }

  return {
    authority,
    folder,
    joinAs,
    async serve(name, overrides = {}, port = 0) {
      const bot = serving.get(name) ?? (await joinAs(name));
      serving.set(name, bot);
      const callers: Caller[] = [];
      const server = await bot.serve({ port }, (routes) =>
        routes.add(RoutedEcho, {
          echo(request, { caller }) {
            callers.push(caller);
            return request;
          },
          async *count({ reason }, { caller, signal }) {
            callers.push(caller);
            for (let i = 0; i < Number(reason || 1); i++) yield { reason: String(i) };
            if (reason === "") await once(signal, "abort");
          },
          async join(requests, { caller }) {
            callers.push(caller);
            let count = 0;
            for await (const _ of requests) count++;
            return { reason: String(count) };
          },
          async *chat(requests, { caller }) {
            callers.push(caller);
            for await (const request of requests) yield request;
          },
          open(_, { caller }) {
            callers.push(caller);
            return {};
          },
          reset: (request) => request,
          ...overrides,
        } as Implementation<typeof RoutedEcho>),
      );
      return { bot, address: server.address, callers, close: (graceMs = 0) => server.close(graceMs) };
    },
    async gateway(name, { addresses, ...more } = {}) {
      const bot = await joinAs(name);
      const gateway = await openGateway(bot, {
        port: 0,
        routes: [{ service: RoutedEcho, addresses, anyBot: true }],
        logSample: 0,
        ...more,
      });
      ends.unshift(() => gateway.close(0));
      return gateway;
    },
    async end() {
      for (const end of ends) await end();
      await authority.close();
      await rm(folder, { recursive: true });
    },
  };
}

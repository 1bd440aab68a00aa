import { mkdtemp, rm } from "node:fs/promises";
import type { ClientHttp2Session } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Authority, type AuthorityOptions, startAuthority } from "@interlock/authority";
import { type Bot, type Client, type Denial, joinFleet, silentLog } from "@interlock/bot";
import { AdminService, AuthorityService } from "@interlock/bot/protocol";
import { rawCall, rawSession, shows } from "@interlock/bot/testing";
import { answerOf, audience } from "./echo-stage.js";
import type { Answer, Play, Variant } from "./row.js";

/** A real authority, and an operator to inspect it. */
export interface AuthorityStage {
  readonly authority: Authority;
  readonly folder: string;
  /** The clock of the authority. */
  readonly clock: { ahead: number; now(): number };
  /** The clock of the bots. */
  readonly botClock: { ahead: number; now(): number };
  readonly denials: Denial[];
  /** The error messages in the authority's log: its alarms. */
  readonly alarms: string[];
  /** The operator's client. */
  readonly admin: AdminClient;
  /** Joins a bot. Default: with a new join token. */
  joinAs(name: string, joinToken?: string): Promise<Bot>;
  /** Calls the authority without any client library, with a bot's certificate if there is one. */
  call(path: string, message: Uint8Array, bot?: Pick<Bot, "identity">, authorization?: string): Promise<Answer>;
  /** Returns a valid `authorization` of a bot. */
  authorization(bot: Bot, service?: string, scopes?: readonly string[]): Promise<string>;
  /** Returns the number of certificates and tokens issued to bots, which an attack must not change. */
  given(): Promise<number>;
  play(variants: readonly Variant[], more: Partial<Play> & Pick<Play, "control">): Play;
  end(): Promise<void>;
}

type AdminClient = Client<typeof AdminService>;
const adminOf = (bot: Bot, address: string): AdminClient => bot.client(AdminService, address);

/** Encodes a gRPC message for the wire: the flag for no compression, its length, its bytes. */
export function framed(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** Sets the stage; each row has its own. */
export async function authorityStage(
  options: Pick<AuthorityOptions, "staleAfterMs" | "leafTtlsMs" | "renewAfterExpiryMs" | "joins"> = {},
): Promise<AuthorityStage> {
  const folder = await mkdtemp(join(tmpdir(), "interlock-contract-"));
  const clock = { ahead: 0, now: () => Date.now() + clock.ahead };
  const botClock = { ahead: 0, now: () => Date.now() + botClock.ahead };
  const alarms: string[] = [];
  const log = { ...silentLog, error: (message: string) => void alarms.push(message) };
  const dataDir = join(folder, "authority");
  const authority = await startAuthority({ dataDir, trustDomain: "cafe", port: 0, log, clock, ...options });
  const denials: Denial[] = [];
  authority.onDenial((denial) => denials.push(denial));
  const bots: Bot[] = [];
  const sessions: ClientHttp2Session[] = [];

  let folders = 0; // Bots may join at the same time.

  async function joinAs(name: string, given?: string): Promise<Bot> {
    const joinToken = given ?? (await authority.createJoinToken(name));
    const stateDir = join(folder, "bots", `${folders++}`);
    const bot = await joinFleet({
      authority: authority.address,
      name,
      joinToken,
      stateDir,
      log: silentLog,
      clock: botClock,
    });
    bots.push(bot);
    return bot;
  }

  await authority.applyGrants(`grants: {"caller/*": {${audience}: ["echo:call"]}}`);
  const operator = await joinAs("operator/alice");
  const admin = adminOf(operator, authority.address);
  const stage: AuthorityStage = {
    authority,
    folder,
    clock,
    botClock,
    denials,
    alarms,
    admin,
    joinAs,
    async call(path, message, bot, authorization) {
      const session = rawSession(authority.port, bot ? shows(bot.identity.current()) : {});
      sessions.push(session);
      const answer = await rawCall(session, path, authorization ? { authorization } : {}, framed(message));
      session.destroy();
      return answerOf(answer);
    },
    async authorization(bot, service = audience, scopes = ["echo:call"]) {
      const { token } = await bot.client(AuthorityService, authority.address).issueToken({ audience: service, scopes });
      return `Bearer ${token}`;
    },
    async given() {
      const { records } = await admin.listLog({});
      const kinds = new Set(["join", "renew", "recover", "token"]);
      return records.filter(({ kind, actor }) => kinds.has(kind) && actor !== operator.spiffeId.uri).length;
    },
    play: (variants, more) => ({
      variants,
      handled: stage.given,
      denials: () => denials.map(({ reason }) => reason),
      end: stage.end,
      ...more,
    }),
    async end() {
      for (const session of sessions) session.destroy();
      await Promise.all(bots.map((bot) => bot.close(0)));
      await authority.close();
      await rm(folder, { recursive: true });
    },
  };
  return stage;
}

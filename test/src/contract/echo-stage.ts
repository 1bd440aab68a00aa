import type { ClientHttp2Session } from "node:http2";
import type { Identity } from "@interlock/bot";
import {
  createTestFleet,
  type EchoServer,
  EchoService,
  type RawAnswer,
  rawCall,
  rawSession,
  serveEcho,
  shows,
  type TestFleet,
} from "@interlock/bot/testing";
import type { Answer, Play, Variant } from "./row.js";

/** A bot server that echoes, and a caller with a valid certificate. */
export interface EchoStage {
  readonly fleet: TestFleet;
  readonly server: EchoServer;
  readonly clock: { ahead: number; now(): number };
  readonly caller: Identity;
  /** Opens a connection of the caller. */
  readonly session: ClientHttp2Session;
  /** Returns a valid `authorization` of the caller. */
  authorization(scopes?: readonly string[]): Promise<string>;
  /** Builds a play with the attacks `variants`. */
  play(variants: readonly Variant[], more?: Partial<Play>): Play;
}

export const { echo, open, chat, count, reset } = EchoService.methods;
export const audience = EchoService.name;

/** Sets the stage; each row has its own. */
export async function echoStage(
  overrides: Parameters<typeof serveEcho>[1] = {},
  options: Parameters<typeof serveEcho>[2] = {},
  service: Parameters<typeof serveEcho>[3] = EchoService,
): Promise<EchoStage> {
  const clock = { ahead: 0, now: () => Date.now() + clock.ahead };
  const fleet = await createTestFleet(clock);
  const server = await serveEcho(fleet, overrides, options, service);
  const caller = await fleet.ca.issue("spiffe://test/caller/1");
  const session = rawSession(server.port, shows(caller));
  return {
    fleet,
    server,
    clock,
    caller,
    session,
    authorization: async (scopes = ["echo:call"]) => `Bearer ${await fleet.token(caller, audience, scopes)}`,
    play: (variants, more = {}) => ({
      control: () => server.goodCall(),
      variants,
      handled: () => server.handled.length,
      denials: () => server.denials.map(({ reason }) => reason),
      async end() {
        session.destroy();
        await server.bot.close(0);
      },
      ...more,
    }),
  };
}

/** Converts the result of a raw call: no status means that there was no usable channel. */
export function answerOf({ status }: RawAnswer): Answer {
  return status ?? "close";
}

/** Calls the method that is open to any bot, so only the transport can refuse it. */
export async function callOver(port: number, tls: Parameters<typeof rawSession>[1] = {}): Promise<Answer> {
  const session = rawSession(port, tls);
  const answer = await rawCall(session, open.path);
  session.destroy();
  return answerOf(answer);
}

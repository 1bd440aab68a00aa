import { randomBytes } from "node:crypto";
import type { ClientHttp2Session } from "node:http2";
import { EchoService, rawCall, rawSession, shows } from "@interlock/bot/testing";
import type { Attack } from "../attack.js";
import { rawAnswer, tally } from "./raw-answer.js";

const connections = 2;
const atOnce = 25;

export const badSignatures: Attack = {
  name: "bad-signatures",
  row: 46,
  title: "tokens with a fresh bad signature each, without pause",
  who: "B",
  target: "bot",
  probes: ["echo", "connect"],
  bots: ["mallory/1"],
  allowed: ["16", "8", "close"],
  async run({ target, bots: [bot], signal }) {
    if (!bot) throw new Error("the attack needs a bot");
    const { answers, count, sent } = tally();
    const [key] = bot.trust.state.jwks.keys;
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const head = part({ alg: "ES256", typ: "at+jwt", kid: key?.kid });
    const now = Math.floor(Date.now() / 1_000);
    const { issuer } = bot.trust.state;
    const claims = { iss: issuer, aud: EchoService.name, iat: now, exp: now + 60, scope: "echo:call" };
    const body = part({ ...claims, sub: bot.spiffeId.uri, jti: "x", cnf: {} });
    const attack = async (session: ClientHttp2Session) => {
      while (!signal.aborted && !session.destroyed) {
        const authorization = `Bearer ${head}.${body}.${randomBytes(64).toString("base64url")}`;
        const answer = await rawCall(session, EchoService.methods.echo.path, { authorization });
        if (!signal.aborted) count(rawAnswer(answer));
      }
    };
    await Promise.all(
      Array.from({ length: connections }, async () => {
        const session = rawSession(target.port, shows(bot.identity.current()));
        await Promise.all(Array.from({ length: atOnce }, () => attack(session)));
        session.destroy();
      }),
    );
    const looked = answers["16"] ?? 0;
    const problem = looked > 200 ? `${looked} signatures were looked at` : undefined;
    return { sent: sent(), answers, note: `${looked} looked at`, problem };
  },
};

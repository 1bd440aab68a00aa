import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { rawCall, rawSession, shows, tokenAttacks } from "@interlock/bot/testing";
import { answerOf, audience, type EchoStage, echo, echoStage } from "./echo-stage.js";
import { connectRaw } from "./raw-http2.js";
import type { Row, Variant } from "./row.js";

const attacks = {
  16: "authorization missing, duplicated, or not Bearer",
  17: "alg: none; HS256 keyed with the public key; algorithm and key disagree",
  18: "attacker's jwk, jku, x5u or x5c header; unknown crit",
  19: "wrong iss, aud or typ",
  20: "expired; no exp; nbf in the future; lifetime over the maximum",
  21: "stolen token over another bot's valid mTLS; cnf missing, empty, or in hex",
} as const;

/** Tokens put together by hand, each shown over the caller's own good connection. */
export const tokenRows: readonly Row[] = Object.entries(attacks).map(([number, attack]) => {
  const row = Number(number);
  return {
    row,
    attack,
    async play() {
      const stage = await echoStage();
      const web = await openWeb();
      const { fleet, caller, session } = stage;
      const shown = tokenAttacks
        .filter((made) => made.row === row)
        .map(
          (made): Variant => ({
            name: made.attack,
            answer: 16,
            reason: made.reason,
            async attack() {
              const authorization = await made.make({ fleet, caller, url: web.url });
              const answer = await rawCall(session, echo.path, authorization === undefined ? {} : { authorization });
              if (web.requests() > 0) throw new Error("the server sent a request to the attacker's address");
              const told = JSON.stringify([answer, stage.server.denials]);
              const secret = authorization?.slice(-20) ?? "";
              if (secret.length === 20 && authorization?.startsWith("Bearer ") && told.includes(secret)) {
                throw new Error("the token is told");
              }
              return answerOf(answer);
            },
          }),
        );
      const play = stage.play([...shown, ...(more[row]?.(stage) ?? [])], {
        // On the very connection on which the attacks are made.
        async control() {
          const authorization = await stage.authorization();
          const { status } = await rawCall(session, echo.path, { authorization });
          if (status !== 0) throw new Error(`the caller's good call was answered ${status}`);
        },
      });
      return {
        ...play,
        async end() {
          web.close();
          await play.end();
        },
      };
    },
  };
});

/** What does not fit in one `authorization` value. */
const more: Readonly<Record<number, (stage: EchoStage) => Variant[]>> = {
  16: (stage) => [
    {
      name: "duplicated, under both names that a token may have",
      answer: 16,
      reason: "TOKEN_DUPLICATED",
      async attack() {
        const authorization = await stage.authorization();
        const headers = { authorization, "interlock-authorization": authorization };
        return answerOf(await rawCall(stage.session, echo.path, headers));
      },
    },
    {
      // Node's HTTP/2 keeps the first and drops the others before any code of ours: it is the first that has to be good.
      name: "duplicated on the wire, a worthless one before the good one",
      answer: 16,
      reason: "TOKEN_MALFORMED",
      async attack() {
        const connection = await connectRaw(stage.server.port, shows(stage.caller));
        const good = await stage.authorization();
        const status = await connection.call(echo.path, [
          ["authorization", "Bearer worthless"],
          ["authorization", good],
        ]);
        connection.destroy();
        return status ?? "close";
      },
    },
    {
      name: "duplicated under the short name",
      answer: 16,
      reason: "TOKEN_NOT_BEARER",
      async attack() {
        const connection = await connectRaw(stage.server.port, shows(stage.caller));
        const good = await stage.authorization();
        const status = await connection.call(echo.path, [
          ["interlock-authorization", good],
          ["interlock-authorization", good],
        ]);
        connection.destroy();
        return status ?? "close";
      },
    },
  ],
  19: (stage) => [
    {
      name: "a token for another service, which was good there on this connection a moment ago",
      answer: 16,
      reason: "TOKEN_AUDIENCE",
      async attack() {
        const service = "grpc.reflection.v1.ServerReflection";
        const authorization = `Bearer ${await stage.fleet.token(stage.caller, service, ["reflection:read", "echo:call"])}`;
        const path = `/${service}/ServerReflectionInfo`;
        // An empty request is answered with an error of reflection's own: it was let in.
        const { status } = await rawCall(stage.session, path, { authorization });
        if (status === 16 || status === 7 || status === undefined) throw new Error(`there it was answered ${status}`);
        return answerOf(await rawCall(stage.session, echo.path, { authorization }));
      },
    },
  ],
  20: (stage) => [
    {
      name: "a token that runs out where it was good before",
      answer: 16,
      reason: "TOKEN_EXPIRED",
      async attack() {
        const authorization = await stage.authorization();
        const { status } = await rawCall(stage.session, echo.path, { authorization });
        if (status !== 0) throw new Error(`it was answered ${status} before it ran out`);
        stage.server.handled.pop();
        stage.clock.ahead = 300_000;
        const answer = await rawCall(stage.session, echo.path, { authorization });
        stage.clock.ahead = 0;
        return answerOf(answer);
      },
    },
  ],
  21: (stage) => [
    {
      name: "a token that its owner is using on his own connection",
      answer: 16,
      reason: "TOKEN_SUBJECT_MISMATCH",
      async attack() {
        const owner = await stage.fleet.ca.issue("spiffe://test/owner/1");
        const authorization = `Bearer ${await stage.fleet.token(owner, audience, ["echo:call"])}`;
        const owned = rawSession(stage.server.port, shows(owner));
        const { status } = await rawCall(owned, echo.path, { authorization });
        owned.destroy();
        if (status !== 0) throw new Error(`the owner was answered ${status}`);
        stage.server.handled.pop();
        return answerOf(await rawCall(stage.session, echo.path, { authorization }));
      },
    },
  ],
};

/** An attacker's web server, which counts who comes. */
async function openWeb(): Promise<{ url: string; requests(): number; close(): void }> {
  let requests = 0;
  const server = createServer((_request, response) => {
    requests++;
    response.end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/jwks`, requests: () => requests, close: () => void server.close() };
}

import { createHash } from "node:crypto";
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

/** Hand-made tokens, each shown over the caller's own valid connection. */
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
        // On the same connection as the attacks.
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

// The header that refers to a token shown earlier on the same connection.
const reference = "interlock-token-reference";
const referenceOf = (authorization: string) =>
  createHash("sha256").update(authorization).digest().subarray(0, 16).toString("base64url");

/** Attacks with more than one `authorization` value. */
const more: Readonly<Record<number, (stage: EchoStage) => Variant[]>> = {
  16: (stage) => [
    {
      name: "duplicated, once whole and once as a reference",
      answer: 16,
      reason: "TOKEN_DUPLICATED",
      async attack() {
        const authorization = await stage.authorization();
        const headers = { authorization, [reference]: referenceOf(authorization) };
        return answerOf(await rawCall(stage.session, echo.path, headers));
      },
    },
    {
      name: "duplicated on the wire, a worthless one before the good one",
      answer: 16,
      reason: "TOKEN_DUPLICATED",
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
      name: "a reference, duplicated on the wire",
      answer: 16, // Not recorded before the 257th on a connection: an honest client asks like that after a reconnection.
      async attack() {
        const connection = await connectRaw(stage.server.port, shows(stage.caller));
        const good = await stage.authorization();
        const status = await connection.call(echo.path, [
          [reference, referenceOf(good)],
          [reference, referenceOf(good)],
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
        // Reflection answers an empty request with an error of its own: the call was admitted.
        const { status } = await rawCall(stage.session, path, { authorization });
        if (status === 16 || status === 7 || status === undefined) throw new Error(`there it was answered ${status}`);
        return answerOf(await rawCall(stage.session, echo.path, { authorization }));
      },
    },
  ],
  20: (stage) => [
    {
      name: "a token that expires on a connection where it was valid before",
      answer: 16,
      reason: "TOKEN_EXPIRED",
      async attack() {
        const authorization = await stage.authorization();
        const { status } = await rawCall(stage.session, echo.path, { authorization });
        if (status !== 0) throw new Error(`it was answered ${status} before it expired`);
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
      name: "a token that its owner is using on its own connection",
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
    {
      name: "a reference to a token that its owner has shown on its own connection",
      answer: 16, // Not recorded before the 257th on a connection: an honest client asks like that after a reconnection.
      async attack() {
        const owner = await stage.fleet.ca.issue("spiffe://test/owner/2");
        const authorization = `Bearer ${await stage.fleet.token(owner, audience, ["echo:call"])}`;
        const owned = rawSession(stage.server.port, shows(owner));
        const headers = { [reference]: referenceOf(authorization) };
        const shown = await rawCall(owned, echo.path, { authorization });
        const referred = await rawCall(owned, echo.path, headers);
        owned.destroy();
        if (shown.status !== 0 || referred.status !== 0) throw new Error(`the owner was answered ${referred.status}`);
        stage.server.handled.length -= 2;
        return answerOf(await rawCall(stage.session, echo.path, headers));
      },
    },
  ],
};

/** An attacker's web server, which counts its visitors. */
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

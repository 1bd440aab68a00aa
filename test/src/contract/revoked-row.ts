import type { Reason } from "@interlock/bot";
import { closeOf, rawCall, rawSession, shows } from "@interlock/bot/testing";
import { answerOf, audience, count, echo, echoStage, open } from "./echo-stage.js";
import { openStream } from "./open-stream.js";
import type { Row, Variant } from "./row.js";

export const revokedRow: Row = {
  row: 23,
  attack: "revoked token or identity; signing key withdrawn",
  async play() {
    const stage = await echoStage();
    const { fleet, server, session, caller } = stage;
    const token = async (jti: string, claims: object = {}) =>
      `Bearer ${await fleet.token(caller, audience, ["echo:call"], { jti, ...claims })}`;
    const call = async (authorization: string) => answerOf(await rawCall(session, echo.path, { authorization }));

    /** The call works first; then `revoke` runs, and the same call is made again. */
    const wasGood = (name: string, reason: Reason, revoke: (jti: string) => () => void, claims = {}): Variant => ({
      name,
      answer: 16,
      reason,
      async attack() {
        const authorization = await token(name, claims);
        const before = await call(authorization);
        if (before !== 0) throw new Error(`it was answered ${before} before`);
        server.handled.pop();
        const unrevoke = revoke(name);
        const answer = await call(authorization);
        unrevoke();
        return answer;
      },
    });
    const isNew = (name: string, reason: Reason, revoke: (jti: string) => () => void, claims = {}): Variant => ({
      name,
      answer: 16,
      reason,
      async attack() {
        const authorization = await token(name, claims);
        const unrevoke = revoke(name);
        const answer = await call(authorization);
        unrevoke();
        return answer;
      },
    });
    const change = (more: object) => () => {
      const { state } = fleet.trust;
      fleet.trust.replace({ ...state, version: state.version + 1n, ...more });
      return () => fleet.trust.replace({ ...state, version: state.version + 2n });
    };
    const revoke = (jti: string) => {
      fleet.revoke("token", jti);
      return () => {};
    };
    const withdraw = change({ jwks: { keys: [] } });
    const cutOff = { identity: "caller/*", service: audience, scope: "echo:call", grantsVersion: 2, except: [] };
    const takeAway = change({ cutOffs: [cutOff] });

    return stage.play([
      wasGood("a revoked token, known on this connection", "TOKEN_REVOKED", revoke),
      isNew("a revoked token, new here", "TOKEN_REVOKED", revoke),
      wasGood("a withdrawn key's token, known on this connection", "TOKEN_KEY_UNKNOWN", withdraw),
      isNew("a withdrawn key's token, new here", "TOKEN_KEY_UNKNOWN", withdraw),
      wasGood("a scope that was taken away, in a known token", "TOKEN_OUTDATED", takeAway, { grants_version: 1 }),
      isNew("a scope that was taken away, in a new token", "TOKEN_OUTDATED", takeAway, { grants_version: 1 }),
      {
        name: "a stream that the token opened",
        answer: 16,
        reason: "TOKEN_REVOKED",
        async attack() {
          const opened = await openStream(session, count.path, await token("streaming"));
          server.handled.pop();
          fleet.revoke("token", "streaming");
          return (await opened.status) ?? "close";
        },
      },
      ...(["identity", "certificate", "pattern"] as const).map(
        (kind): Variant => ({
          name: `a revoked ${kind}, between the revocation and the end of the connection`,
          answer: 16,
          reason: kind === "certificate" ? "CERTIFICATE_REVOKED" : "IDENTITY_REVOKED",
          async attack() {
            const identity = await fleet.ca.issue(`spiffe://test/gone/${kind}`);
            const connection = rawSession(server.port, shows(identity));
            const before = await rawCall(connection, open.path);
            if (before.status !== 0) throw new Error(`it was answered ${before.status} before`);
            server.handled.pop();
            const closed = closeOf(connection);
            const subject = { identity: identity.spiffeId.uri, certificate: identity.leaf.serial, pattern: "gone/*" };
            fleet.revoke(kind, subject[kind]);
            const answer = answerOf(await rawCall(connection, open.path));
            await closed;
            return answer;
          },
        }),
      ),
    ]);
  },
};

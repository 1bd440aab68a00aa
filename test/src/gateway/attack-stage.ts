import { createTestFleet, type EchoServer, EchoService, serveEcho, type TestFleet } from "@interlock/bot/testing";
import { type Door, openDoor } from "./open-door.js";

/** A fleet in memory, of which any certificate and token can be made, with its echo server behind Envoy. */
export interface AttackStage {
  readonly fleet: TestFleet;
  readonly echo: EchoServer;
  readonly door: Door;
  end(): Promise<void>;
}

/** Starts all of it. */
export async function attackStage(program: string): Promise<AttackStage> {
  const fleet = await createTestFleet();
  const echo = await serveEcho(fleet);
  const gateway = await fleet.bot("gateway/1", undefined, {
    async exchange(subjectToken, audience, _scopes, identity) {
      const { sub, scope } = JSON.parse(Buffer.from(subjectToken.split(".")[1] ?? "", "base64url").toString());
      const claims = { act: { sub: identity.spiffeId.uri }, sub };
      const token = await fleet.token(identity, audience, scope.split(" "), claims);
      return { token, expiresAt: Date.now() + 300_000 };
    },
  });
  const door = await openDoor({
    program,
    bot: gateway,
    service: EchoService,
    upstream: echo.address,
    issuer: fleet.trust.state.issuer,
    keys: { jwks: fleet.trust.state.jwks as { keys: object[] } },
  });
  return {
    fleet,
    echo,
    door,
    async end() {
      await door.close();
      for (const bot of [gateway, echo.bot]) await bot.close(0);
    },
  };
}

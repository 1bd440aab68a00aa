import { once } from "node:events";
import type { Bot, CallContext } from "@interlock/bot";
import { closeOf, EchoService, rawCall, rawSession, shows } from "@interlock/bot/testing";
import { authorityStage } from "./authority-stage.js";
import { audience, count, echoStage, open } from "./echo-stage.js";
import { openStream } from "./open-stream.js";
import type { Play, Row } from "./row.js";

const bots = 8;

export const connectedRows: readonly Row[] = [
  { row: 14, attack: "bot revoked while it holds an open stream", play: revocationPlay },
  {
    row: 15,
    attack: "certificate expires while the connection lives",
    async play() {
      const stage = await echoStage();
      return stage.play([
        {
          name: "a stream, and its connection",
          answer: 16,
          reason: "CERTIFICATE_EXPIRED",
          async attack() {
            // TLS uses the machine's clock, so this test really waits.
            const notAfter = Math.ceil((Date.now() + 300) / 1_000) * 1_000;
            const identity = await stage.fleet.ca.issue("spiffe://test/brief/1", { notAfter });
            const session = rawSession(stage.server.port, shows(identity));
            const authorization = `Bearer ${await stage.fleet.token(identity, audience, ["echo:call"])}`;
            const stream = await openStream(session, count.path, authorization);
            stage.server.handled.pop(); // The stream's own handler, which was admitted.
            const closed = closeOf(session);
            const status = await stream.status;
            if (Date.now() < notAfter) throw new Error("it ended before its time");
            await closed;
            return status ?? "close";
          },
        },
      ]);
    },
  },
];

/** A real authority, a bot server, and bots that each keep a stream open. */
async function revocationPlay(): Promise<Play> {
  const stage = await authorityStage();
  const { authority } = stage;
  const server = await stage.joinAs("echo/1");
  let opened = 0;
  let slowest = 0;
  const { port } = await server.serve({ port: 0 }, (routes) =>
    routes.add(EchoService, {
      echo: (request) => request,
      async *count(_request, { signal }: CallContext) {
        yield {};
        if (!signal.aborted) await once(signal, "abort");
      },
      join: () => ({}),
      async *chat() {},
      open() {
        opened++;
        return {};
      },
      reset: () => ({}),
    }),
  );
  const denials: string[] = [];
  server.onDenial(({ reason }) => denials.push(reason));
  const good = await stage.joinAs("caller/good");
  const connect = (bot: Bot) => rawSession(port, shows(bot.identity.current()));

  async function hold(name: string) {
    const bot = await stage.joinAs(name);
    const session = connect(bot);
    const stream = await openStream(session, count.path, await stage.authorization(bot));
    return { bot, session, stream };
  }

  return stage.play(
    [
      {
        name: `${bots} bots, one after the other`,
        answer: 16,
        reason: "IDENTITY_REVOKED",
        times: bots,
        async attack() {
          const held = await Promise.all(Array.from({ length: bots }, (_, i) => hold(`caller/${i}`)));
          const times: number[] = [];
          for (const { bot, session, stream } of held) {
            const closed = closeOf(session);
            await authority.revoke({ kind: "identity", subject: bot.spiffeId.uri }, "contract");
            const revoked = performance.now();
            const status = await stream.status;
            times.push(performance.now() - revoked);
            if (status !== 16) throw new Error(`the stream ended with ${status}`);
            await closed;
          }
          slowest = Math.max(...times);
          if (slowest > 1_000) throw new Error(`the slowest stream took ${Math.round(slowest)} ms to end`);
          return 16;
        },
        note: () => `${bots} bots, the slowest stream ended after ${Math.round(slowest)} ms`,
      },
    ],
    {
      async control() {
        const session = connect(good);
        const { status } = await rawCall(session, open.path);
        session.destroy();
        if (status !== 0) throw new Error(`the good bot was answered ${status}`);
      },
      handled: () => opened,
      denials: () => denials,
    },
  );
}

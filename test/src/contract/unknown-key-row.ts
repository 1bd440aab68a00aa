import { once } from "node:events";
import type { Bot } from "@interlock/bot";
import { AuthorityService } from "@interlock/bot/protocol";
import { EchoService, rawCall, rawSession, shows } from "@interlock/bot/testing";
import { authorityStage } from "./authority-stage.js";
import { echo } from "./echo-stage.js";
import type { Row } from "./row.js";

const calls = 60;
const watchTrust = AuthorityService.methods.watchTrust.path.slice(1);

export const unknownKeyRow: Row = {
  row: 22,
  attack: "flood of unknown kids",
  async play() {
    // So that the authority stores its counts three times a second.
    const stage = await authorityStage({ staleAfterMs: 1_000 });
    const server = await stage.joinAs("echo/1");
    const caller = await stage.joinAs("caller/1");
    const denials: string[] = [];
    server.onDenial(({ reason }) => denials.push(reason));
    let handled = 0;
    const { port } = await server.serve({ port: 0 }, (routes) =>
      routes.add(EchoService, {
        echo(request) {
          handled++;
          return request;
        },
        async *count(_request, { signal }) {
          await once(signal, "abort");
          yield {};
        },
        join: () => ({}),
        async *chat() {},
        open: () => ({}),
        reset: () => ({}),
      }),
    );
    const session = rawSession(port, shows(caller.identity.current()));
    const good = await stage.authorization(caller);
    const [, body = "", signature = ""] = good.split(".");
    const withKid = (kid: string) => {
      const header = Buffer.from(JSON.stringify({ alg: "ES256", typ: "at+jwt", kid })).toString("base64url");
      return `Bearer ${header}.${body}.${signature}`;
    };

    /** Returns the number of times that the server's bot has requested the trust; opening the feed is the first. */
    async function asked(): Promise<number> {
      // No other bot has this name, and the authority stores its counts in one transaction.
      const marker = await stage.joinAs(`marker/${markers++}`);
      for (;;) {
        const { usage } = await stage.admin.listUsage({});
        const of = (bot: Bot) => usage.find((row) => row.method === watchTrust && row.caller === bot.spiffeId.uri);
        if (of(marker)) return Number(of(server)?.count ?? 0);
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    let markers = 0;

    return stage.play(
      [
        {
          name: `${calls} kids, some at once and some one after the other`,
          answer: 16,
          reason: "TOKEN_KEY_UNKNOWN",
          times: calls,
          async attack() {
            const before = await asked();
            const flood = (from: number, to: number) =>
              Promise.all(
                Array.from({ length: to - from }, (_, i) =>
                  rawCall(session, echo.path, { authorization: withKid(`key-${from + i}`) }),
                ),
              );
            const answers = [...(await flood(0, calls / 2))];
            for (let i = calls / 2; i < calls; i++) answers.push(...(await flood(i, i + 1)));
            const other = answers.find(({ status }) => status !== 16);
            if (other) throw new Error(`answered ${JSON.stringify(other)}`);
            const more = (await asked()) - before;
            if (more !== 1) throw new Error(`the authority was asked ${more} times within one cool-down`);
            return 16;
          },
        },
      ],
      {
        async control() {
          const { status } = await rawCall(session, echo.path, { authorization: good });
          if (status !== 0) throw new Error(`the caller's good call was answered ${status}`);
        },
        handled: () => handled,
        denials: () => denials,
        async end() {
          session.destroy();
          await stage.end();
        },
      },
    );
  },
};

import type { Bot } from "@interlock/bot";
import { AuthorityService } from "@interlock/bot/protocol";
import { EchoService, rawCall, rawSession, shows } from "@interlock/bot/testing";
import { type Gateway, openGateway } from "@interlock/gateway";
import { authorityStage } from "./authority-stage.js";
import { answerOf, audience, echo, reset } from "./echo-stage.js";
import { wireForGateways } from "./gateway-in-front.js";
import type { Answer, Row } from "./row.js";

const { exchangeToken } = AuthorityService.methods;

export const exchangeRow: Row = {
  row: 24,
  attack: "token exchange that widens a scope; act chain past its limit",
  ...wireForGateways,
  async play() {
    const stage = await authorityStage();
    const { authority } = stage;
    await authority.applyGrants(`grants:
  "caller/*": {${audience}: ["echo:call", "echo:reset"]}
  "gateway/*": {${audience}: ["token:exchange"]}
`);
    const caller = await stage.joinAs("caller/1");
    const gateways = await Promise.all([1, 2, 3, 4].map((i) => stage.joinAs(`gateway/${i}`)));
    const [gateway] = gateways as [Bot];
    const shown = (await stage.authorization(caller)).replace("Bearer ", "");

    // A chain of gateways, as long as is allowed.
    let chain = shown;
    for (const between of gateways.slice(0, 3)) {
      const client = between.client(AuthorityService, authority.address);
      chain = (await client.exchangeToken({ subjectToken: chain, audience })).token;
    }
    const last = gateways[3] as Bot;

    // The same bots as gateways, each in front of the next one, and the last in front of a bot.
    const served = await serveEcho(await stage.joinAs("echo/1"));
    const opened: Gateway[] = [];
    let next = { service: EchoService, addresses: [served.address], servers: ["echo/*"] };
    for (const bot of gateways.toReversed()) {
      const opening = await openGateway(bot, { port: 0, routes: [next], logSample: 0 });
      opened.unshift(opening);
      next = { service: EchoService, addresses: [opening.address], servers: ["gateway/*"] };
    }
    const reasons: string[] = [];
    for (const source of [authority, ...gateways]) source.onDenial(({ reason }) => reasons.push(reason));

    async function through(first: number, path: string): Promise<Answer> {
      const session = rawSession(opened[first]?.port ?? 0, shows(caller.identity.current()));
      const answer = answerOf(await rawCall(session, path, { authorization: `Bearer ${shown}` }));
      session.destroy();
      return answer;
    }
    // Three may stand in a row. What they exchange for a call through all four, they have from here on.
    const three = await through(1, echo.path);
    if (three !== 0) throw new Error(`through three gateways, a call was answered ${three}`);
    await through(0, echo.path);

    function exchange(bot: Bot, subjectToken: string, scopes: readonly string[] = []): Promise<Answer> {
      const request = exchangeToken.request.fromPartial({ subjectToken, audience, scopes: [...scopes] });
      return stage.call(exchangeToken.path, exchangeToken.request.encode(request).finish(), bot);
    }
    return stage.play(
      [
        {
          name: "a scope that the subject is granted, and the token lacks",
          answer: 7,
          reason: "SCOPE_WIDENED",
          attack: () => exchange(gateway, shown, ["echo:call", "echo:reset"]),
        },
        {
          name: "a scope that nobody is granted",
          answer: 7,
          reason: "SCOPE_WIDENED",
          attack: () => exchange(gateway, shown, ["admin:all"]),
        },
        {
          name: "a fourth bot that acts",
          answer: 7,
          reason: "ACTOR_CHAIN_TOO_LONG",
          attack: () => exchange(last, chain),
        },
        {
          name: "a bot that has no right to act",
          answer: 7,
          reason: "ACTOR_NOT_ALLOWED",
          attack: () => exchange(caller, shown),
        },
        {
          name: "a method whose scope the token lacks, through a gateway",
          answer: 7,
          reason: "SCOPE_MISSING",
          attack: () => through(0, reset.path),
        },
        {
          name: "a fourth gateway in a row",
          answer: 7,
          reason: "ACTOR_CHAIN_TOO_LONG",
          attack: () => through(0, echo.path),
        },
      ],
      {
        handled: async () => (await stage.given()) + served.handled,
        denials: () => reasons,
        async end() {
          await Promise.all(opened.map((gateway) => gateway.close(0)));
          await stage.end();
        },
        async control() {
          const answer = await exchange(gateway, shown, ["echo:call"]);
          if (answer !== 0) throw new Error(`a good exchange was answered ${answer}`);
        },
      },
    );
  },
};

/** Serves with a bot, and counts what gets as far as a handler. */
async function serveEcho(bot: Bot): Promise<{ readonly address: string; readonly handled: number }> {
  let handled = 0;
  const handle = () => {
    handled++;
    return {} as never;
  };
  const { address } = await bot.serve({ port: 0 }, (routes) =>
    routes.add(EchoService, {
      echo: handle,
      open: handle,
      reset: handle,
      join: handle,
      async *count() {},
      async *chat() {},
    }),
  );
  return {
    address,
    get handled() {
      return handled;
    },
  };
}

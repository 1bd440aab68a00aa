import type { Bot } from "@interlock/bot";
import { AuthorityService } from "@interlock/bot/protocol";
import { authorityStage } from "./authority-stage.js";
import { audience } from "./echo-stage.js";
import type { Answer, Row } from "./row.js";

const { exchangeToken } = AuthorityService.methods;

export const exchangeRow: Row = {
  row: 24,
  attack: "token exchange that widens a scope; act chain past its limit",
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
      ],
      {
        async control() {
          const answer = await exchange(gateway, shown, ["echo:call"]);
          if (answer !== 0) throw new Error(`a good exchange was answered ${answer}`);
        },
      },
    );
  },
};

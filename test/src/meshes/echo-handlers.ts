import { setTimeout as sleep } from "node:timers/promises";
import type { Bot, Implementation } from "@interlock/bot";
import { EchoService } from "@interlock/bot/testing";

/** Who calls, and a stream that ends with its caller. */
const handlers: Implementation<typeof EchoService> = {
  echo: (_, { caller }) => ({ reason: caller.spiffeId.uri }),
  async *count(_, { signal }) {
    for (let i = 0; !signal.aborted; i++) {
      yield { reason: String(i) };
      await sleep(20, undefined, { signal }).catch(() => {});
    }
  },
  join: () => ({}),
  async *chat() {},
  open: () => ({}),
  reset: () => ({}),
};

/** Serves {@link EchoService}, whose `echo` answers with its caller. */
export function serveCallers(bot: Bot) {
  return bot.serve({ port: 0 }, (routes) => routes.add(EchoService, handlers));
}

import type { Bot } from "@interlock/bot/protocol";
import { type Init, matchesIdentity } from "@interlock/policy";
import { retire } from "../../enrollment/retire.js";
import type { ListedBot } from "../../store/bots.js";
import { readPage } from "../page.js";
import { botToWire, revocationToWire } from "../to-wire.js";
import type { AdminHandlers, AdminParts } from "./admin-parts.js";

type Parts = Pick<AdminParts, "store" | "hub" | "clock" | "log" | "own">;

/** Creates the handlers for the records of bots. */
export function botHandlers({ store, hub, clock, log, own }: Parts): AdminHandlers<"retireBot" | "listBots"> {
  return {
    async retireBot({ name, force }, { caller }) {
      const { trustDomain } = own();
      const bot = await retire({ store, trustDomain, force }, name, clock.now(), caller.spiffeId.uri);
      log.warn("bot retired", { name, by: caller.name });
      return { bot: botToWire(bot, trustDomain) };
    },

    async listBots({ pageToken }) {
      const { trustDomain } = own();
      const revoked = new Map(hub.trust.state.revocations.map((r) => [`${r.kind} ${r.subject}`, r]));
      const patterns = [...revoked.values()].filter(({ kind }) => kind === "pattern");
      function withRevocation(bot: ListedBot): Init<Bot> {
        const wire = botToWire(bot, trustDomain);
        const revocation =
          revoked.get(`identity ${wire.spiffeId}`) ??
          revoked.get(`certificate ${bot.certificateSerial}`) ??
          patterns.find(({ subject }) => matchesIdentity(subject, bot.name));
        return revocation ? { ...wire, revocation: revocationToWire(revocation) } : wire;
      }
      const { items: bots, nextPageToken } = await readPage(pageToken, store.bots.page, {
        key: [""],
        keyOf: ({ name }) => [name],
        toItem: withRevocation,
      });
      return { bots, nextPageToken };
    },
  };
}

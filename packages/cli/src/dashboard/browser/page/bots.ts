import type { BotView } from "../../model/fleet.js";
import { count, moment, span } from "../../model/format.js";
import { find, setText } from "../kit/dom.js";
import { type Cell, createTable } from "../kit/table.js";
import { expiresSoon } from "./expiries.js";
import type { View } from "./live.js";

const pageSize = 15;

/** The bots: those that need attention first, then by name. */
export function createBots(redraw: () => void): View {
  const search = find<HTMLInputElement>("bots-find");
  const which = find<HTMLSelectElement>("bots-which");
  const summary = find("bots-count");
  search.addEventListener("input", redraw);
  which.addEventListener("input", redraw);
  const show = createTable<BotView>(find("bots"), {
    columns: [
      { label: "Bot", cell: ({ key }) => ({ text: key }) },
      { label: "State", cell: stateOf },
      { label: "Last seen", cell: seenOf },
      { label: "Certificate", cell: certificateOf },
      { label: "Version", wide: true, cell: ({ versions }) => ({ text: versions || "–", tone: "soft" }) },
    ],
    keyOf: ({ key }) => key,
    none: "No bot is like that.",
    pageSize,
    of: "bots",
    redraw,
  });
  const byName = new Intl.Collator("en", { numeric: true }).compare;
  return ({ view, now }) => {
    const all = Object.values(view.tables.bots);
    const wanted = search.value.trim().toLowerCase();
    const fits: Record<string, (bot: BotView) => boolean> = {
      online: ({ online }) => online,
      offline: ({ online }) => !online,
      attention: (bot) => needsAttention(bot, now),
    };
    const found = all.filter((bot) => bot.key.toLowerCase().includes(wanted) && (fits[which.value]?.(bot) ?? true));
    const rank = (bot: BotView) => (needsAttention(bot, now) ? 0 : bot.state === "member" ? 1 : 2);
    found.sort((a, b) => rank(a) - rank(b) || byName(a.key, b.key));
    const over = view.leftOut.bots ? ", and more that are left out" : "";
    setText(summary, `${count(found.length)} of ${count(all.length)}${over}`);
    show(found, now);
  };
}

/** Whether a bot is a member, and its certificate has expired or expires soon without a process that renews it. */
export function needsAttention(bot: BotView, now: number): boolean {
  return (bot.state === "expired" && bot.online) || (bot.state === "member" && expiresSoon(bot, now));
}

function stateOf({ state, online }: BotView): Cell {
  if (state === "revoked") return { text: "revoked", tone: "bad" };
  if (state === "retired") return { text: "retired", tone: "soft" };
  if (state === "expired") return { text: "expired", tone: online ? "bad" : "soft" };
  return online ? { text: "online", tone: "good" } : { text: "offline", tone: "soft" };
}

function seenOf({ online, lastSeenAt }: BotView, now: number): Cell {
  if (online) return { text: "now" };
  if (lastSeenAt === 0) return { text: "–", tone: "soft", title: "No process of it has ever reported." };
  return { text: `${span(now - lastSeenAt)} ago`, tone: "soft", title: moment(lastSeenAt, now) };
}

function certificateOf(bot: BotView, now: number): Cell {
  const left = bot.certificateExpiresAt - now;
  const title = `${moment(bot.certificateExpiresAt, now)}, serial ${bot.certificateSerial}`;
  if (left <= 0) return { text: `expired ${span(-left)} ago`, tone: "soft", title };
  const tone = bot.state === "member" && expiresSoon(bot, now) ? "warn" : undefined;
  return { text: `${span(left)} left`, tone, title };
}

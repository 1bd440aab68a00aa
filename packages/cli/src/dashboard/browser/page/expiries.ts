import type { BotView } from "../../model/fleet.js";
import { moment, span } from "../../model/format.js";
import { createList, find, html, setAttribute, setText } from "../kit/dom.js";
import type { View } from "./live.js";

/** How many are shown. */
const shown = 12;
/** Whether the certificate of a bot expires soon: a bot that can has renewed it long before. */
export function expiresSoon({ certificateExpiresAt, lateMs }: BotView, now: number): boolean {
  return certificateExpiresAt - now < lateMs;
}

/** The certificates that expire next. */
export function createExpiries(): View {
  let now = 0;
  const list = find("expiries");
  const none = html("p", { class: "none" }, "No member has a certificate.");
  list.after(none);
  const show = createList<BotView>(
    list,
    ({ key }) => key,
    () => {
      const name = html("strong");
      const left = html("span", { class: "left" });
      const bar = html("span");
      const life = html("p", { class: "life" }, left, html("span", { class: "bar" }, bar));
      const node = html("li", {}, html("p", {}, name), life);
      return {
        node,
        update(bot) {
          const ms = bot.certificateExpiresAt - now;
          setText(name, bot.key);
          setText(left, span(ms));
          bar.style.width = `${Math.min(100, (25 * ms) / bot.lateMs).toFixed(1)}%`;
          setAttribute(life, "data-short", expiresSoon(bot, now) ? "" : undefined);
          setAttribute(node, "title", moment(bot.certificateExpiresAt, now));
        },
      };
    },
  );
  return ({ view, now: time }) => {
    now = time;
    const valid = Object.values(view.tables.bots).filter(
      ({ state, certificateExpiresAt }) => state === "member" && certificateExpiresAt > now,
    );
    valid.sort((a, b) => a.certificateExpiresAt - b.certificateExpiresAt || (a.key < b.key ? -1 : 1));
    show(valid.slice(0, shown));
    none.hidden = valid.length > 0;
  };
}

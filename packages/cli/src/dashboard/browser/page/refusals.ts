import type { RefusalView } from "../../model/fleet.js";
import { count, moment, shortMethod } from "../../model/format.js";
import { createList, find, html, setText } from "../kit/dom.js";
import type { View } from "./live.js";

const shown = 20;

/** What was refused in the last hour, the latest first. */
export function createRefusals(): View {
  const summary = find("refusals-count");
  const list = find("refusals");
  const none = html("p", { class: "none" }, "Nothing was refused within the hour.");
  list.after(none);
  let now = 0;
  const show = createList<RefusalView>(
    list,
    ({ key }) => key,
    () => {
      const reason = html("code", { class: "reason" });
      const times = html("span", { class: "times" });
      const time = html("span", { class: "time" });
      const who = html("span", { class: "who" });
      const what = html("span", { class: "what" });
      return {
        node: html("li", {}, html("p", {}, reason, times, time), html("p", {}, who, what)),
        update({ bot, caller, method, reason: why, count: number, lastAt }) {
          setText(reason, why);
          setText(times, number > 1 ? `×${count(number)}` : "");
          setText(time, moment(lastAt, now));
          setText(who, caller || "a stranger");
          setText(what, method === "" ? ` in the handshake with ${bot}` : ` → ${shortMethod(method)} of ${bot}`);
        },
      };
    },
  );
  return ({ view, now: time }) => {
    now = time;
    const all = Object.values(view.tables.refusals).sort((a, b) => b.lastAt - a.lastAt || (a.key < b.key ? -1 : 1));
    const more = view.leftOut.refusals ? ", and more" : "";
    setText(summary, all.length > shown ? `${shown} of ${count(all.length)}${more} kinds, last hour` : "last hour");
    show(all.slice(0, shown));
    none.hidden = all.length > 0;
  };
}

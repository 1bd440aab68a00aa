import { createList, find, html, setText } from "@interlock/cli/page/kit";
import type { DenialView } from "../model/entry.js";
import { clock, count, shortMethod } from "../model/format.js";
import type { View } from "./moment.js";

const shown = 8;

/** The denials with their reasons, newest first. */
export function createDenials(): View {
  const summary = find("denials-count");
  let startedAt = 0;
  const show = createList<DenialView>(
    find("denials"),
    ({ id }) => id,
    () => createDenial(() => startedAt),
  );
  return ({ state }) => {
    ({ startedAt } = state);
    setText(summary, state.denied > 0 ? `${count(state.denied)} in all` : "none yet");
    show(state.denials.slice(0, shown));
  };
}

function createDenial(startedAt: () => number) {
  const reason = html("code", { class: "reason" });
  const times = html("span", { class: "times" });
  const code = html("span", { class: "code" });
  const time = html("span", { class: "time" });
  const who = html("span", { class: "who" });
  const what = html("span", { class: "what" });
  const node = html("li", {}, html("p", {}, reason, times, code, time), html("p", {}, who, what));
  return {
    node,
    update(denial: DenialView) {
      setText(reason, denial.reason);
      setText(times, denial.count > 1 ? `×${count(denial.count)}` : "");
      setText(code, denial.code);
      setText(time, clock(denial.at - startedAt()));
      setText(who, attacker(denial));
      setText(what, denial.method === "" ? " in the handshake" : ` → ${shortMethod(denial.method)}`);
      node.title = denial.detail;
    },
  };
}

/** The attacker, as far as known. */
export function attacker({ attacker: words, caller, address }: DenialView): string {
  if (words && caller && !words.includes(caller)) return `${words} (${caller})`;
  return words || caller || address || "a stranger";
}

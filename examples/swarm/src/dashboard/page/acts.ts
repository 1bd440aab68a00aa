import type { ActView, OutcomeView } from "../model/entry.js";
import { count, took } from "../model/format.js";
import { createList, find, html, setAttribute, setText } from "./dom.js";
import type { View } from "./moment.js";

/** The scoreboard: each act with what was expected, what was seen, how long it took, and whether that is right. */
export function createActs(): View {
  const summary = find("story-count");
  const outcome = find("outcome");
  const show = createList<ActView>(find("acts"), ({ act }) => act, createAct);
  return ({ state }) => {
    const ended = state.acts.filter((act) => act.state === "ended");
    const right = ended.filter(({ ok }) => ok).length;
    setText(summary, state.acts.length > 0 ? `${right} of ${state.acts.length} as expected` : "no acts yet");
    outcome.hidden = state.outcome === undefined;
    if (state.outcome) {
      setText(outcome, describeOutcome(state.outcome));
      setAttribute(outcome, "data-ok", `${state.outcome.ok}`);
    }
    show(state.acts);
  };
}

const marks = { planned: "planned", running: "on now", right: "as expected", wrong: "not as expected" } as const;

function createAct() {
  const mark = html("span", { class: "mark", role: "img" });
  const title = html("span", { class: "title" });
  const time = html("span", { class: "time" });
  const detail = html("p");
  const node = html("li", {}, mark, title, time, detail);
  return {
    node,
    update({ title: text, act, state, expected, seen, ms, ok }: ActView) {
      const standing = state !== "ended" ? state : ok ? "right" : "wrong";
      setAttribute(node, "data-standing", standing);
      setAttribute(mark, "aria-label", marks[standing]);
      setText(title, text || act);
      setText(time, state === "ended" ? took(ms) : state === "running" ? "now" : "");
      const [words, ...rest] = describe(standing, expected, seen);
      if (detail.textContent !== `${words}${rest.join("")}`) detail.replaceChildren(words, ...rest.map(value));
    },
  };
}

/** Words, then what was expected, words, what was seen; in one where both are the same. */
function describe(standing: keyof typeof marks, expected: string, seen: string): [string, ...string[]] {
  if (standing === "planned" || standing === "running") return ["expected: ", expected || "–"];
  if (seen === expected) return ["as expected: ", seen];
  return ["expected: ", expected || "–", ", seen ", seen || "nothing"];
}

/** Reasons and codes stand out; words do not. */
function value(text: string): Node {
  return /^[A-Z_]+$/.test(text) ? html("code", {}, text) : document.createTextNode(text);
}

function describeOutcome({ ok, submitted, completed, lost, duplicated }: OutcomeView): string {
  const tasks = `${count(completed)} of ${count(submitted)} tasks completed, ${count(lost)} lost, ${count(duplicated)} done twice.`;
  return `${ok ? "All went as it should." : "Not all went as it should."} ${tasks}`;
}

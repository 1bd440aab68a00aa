import { createList, find, html, setAttribute, setText } from "@interlock/cli/page/kit";
import type { ActView, OutcomeView } from "../model/entry.js";
import { count, took } from "../model/format.js";
import type { View } from "./moment.js";

/**
 * The scoreboard: each act with the expected and the seen result, its time, and whether it went as expected. The running act
 * and failed acts show their details; the others on request.
 */
export function createActs(): View {
  const summary = find("story-count");
  const outcome = find("outcome");
  const button = find("details");
  let all = false;
  const show = createList<ActView>(find("acts"), ({ act }) => act, createAct);
  button.addEventListener("click", () => {
    all = !all;
    button.setAttribute("aria-pressed", `${all}`);
    for (const details of find("acts").querySelectorAll("details")) details.open = all;
  });
  return ({ state }) => {
    const ended = state.acts.filter((act) => act.state === "ended");
    const right = ended.filter(({ ok }) => ok).length;
    setText(summary, state.acts.length > 0 ? `${right} of ${state.acts.length} as expected` : "no acts yet");
    button.hidden = state.acts.length === 0;
    outcome.hidden = state.outcome === undefined;
    if (state.outcome) {
      setText(outcome, describeOutcome(state.outcome));
      setAttribute(outcome, "data-ok", `${state.outcome.ok}`);
    }
    show(state.acts);
  };

  function createAct() {
    const mark = html("span", { class: "mark", role: "img" });
    const title = html("span", { class: "title" });
    const time = html("span", { class: "time" });
    const lines = html("div");
    const details = html("details", {}, html("summary", {}, mark, title, time), lines);
    const node = html("li", {}, details);
    let told = "";
    return {
      node,
      update({ title: text, act, state, expected, seen, ms, ok }: ActView) {
        const standing = state !== "ended" ? state : ok ? "right" : "wrong";
        if (standing !== node.dataset.standing) details.open = all || standing === "running" || standing === "wrong";
        setAttribute(node, "data-standing", standing);
        setAttribute(mark, "aria-label", marks[standing]);
        setText(title, text || act);
        setText(time, state === "ended" ? took(ms) : state === "running" ? "now" : "");
        if (told === `${standing} ${expected} ${seen}`) return;
        told = `${standing} ${expected} ${seen}`;
        lines.replaceChildren(...describe(standing, expected, seen));
      },
    };
  }
}

const marks = { planned: "planned", running: "running", right: "as expected", wrong: "not as expected" } as const;

/** The lines for the expected and the seen result; one line if both are the same. */
function describe(standing: keyof typeof marks, expected: string, seen: string): Element[] {
  const line = (words: string, text: string) =>
    html("p", {}, `${words} `, /^[A-Z_ ]+$/.test(text) ? html("code", {}, text) : text);
  if (standing === "planned" || standing === "running") return [line("expected:", expected || "–")];
  if (seen === expected) return [line("as expected:", seen)];
  return [line("expected:", expected || "–"), line("seen:", seen || "nothing")];
}

function describeOutcome({ ok, submitted, completed, lost, duplicated }: OutcomeView): string {
  const tasks = `${count(completed)} of ${count(submitted)} tasks completed, ${count(lost)} lost, ${count(duplicated)} done twice.`;
  return `${ok ? "Everything went as expected." : "Not everything went as expected."} ${tasks}`;
}

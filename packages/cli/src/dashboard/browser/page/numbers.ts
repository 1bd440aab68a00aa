import { count, span } from "../../model/format.js";
import { createList, find, html, setAttribute, setText } from "../kit/dom.js";
import { needsAttention } from "./bots.js";
import type { View } from "./live.js";

interface Figure {
  readonly label: string;
  readonly value: string;
  readonly more?: string;
  readonly tone?: "warn" | "bad" | undefined;
}

const dayMs = 86_400_000;

/** The figures at the top. */
export function createNumbers(): View {
  const show = createList<Figure>(
    find("numbers"),
    ({ label }) => label,
    ({ label }) => {
      const value = html("strong");
      const more = html("small");
      const node = html("li", {}, html("span", {}, label), html("div", {}, value, " ", more));
      return {
        node,
        update(figure) {
          setText(value, figure.value);
          setText(more, figure.more ?? "");
          setAttribute(node, "data-tone", figure.tone);
        },
      };
    },
  );
  return ({ view: { tables, status }, now }) => {
    const bots = Object.values(tables.bots);
    const members = bots.filter(({ state }) => state === "member");
    const attention = bots.filter((bot) => needsAttention(bot, now)).length;
    const refusals = Object.values(tables.refusals);
    const caLeft = (status?.caExpiresAt ?? 0) - now;
    show([
      {
        label: "Online",
        value: count(bots.filter(({ online }) => online).length),
        more: `of ${count(members.length)}`,
      },
      { label: "Need attention", value: count(attention), tone: attention > 0 ? "warn" : undefined },
      {
        label: "Refused, last hour",
        value: count(refusals.reduce((sum, one) => sum + one.count, 0)),
        more: refusals.length > 0 ? `of ${count(refusals.length)} kinds` : "",
      },
      { label: "Revocations", value: count(Object.keys(tables.revocations).length) },
      { label: "Services", value: count(new Set(Object.values(tables.endpoints).map(({ service }) => service)).size) },
      {
        label: "CA expires in",
        value: status ? span(caLeft) : "–",
        tone: status && caLeft < 30 * dayMs ? "bad" : undefined,
      },
    ]);
  };
}

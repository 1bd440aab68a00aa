import { createList, html, setAttribute, setText } from "./dom.js";

/** A short statement about the state of things, at the top of a page. */
export interface Chip {
  readonly id: string;
  readonly text: string;
  readonly tone: "good" | "bad" | "plain";
  readonly title: string;
}

/** Keeps the chips in a list. */
export function createChips(parent: Element): (chips: readonly Chip[]) => void {
  return createList<Chip>(
    parent,
    ({ id }) => id,
    () => {
      const node = html("li", { class: "chip" });
      return {
        node,
        update({ text, tone, title }) {
          setText(node, text);
          setAttribute(node, "data-tone", tone);
          setAttribute(node, "title", title);
        },
      };
    },
  );
}

import { type Chip, createChips, find, setText } from "@interlock/cli/page/kit";
import type { LinkView } from "../model/entry.js";
import { clock } from "../model/format.js";
import type { View } from "./moment.js";

/** The top of the page: the current event, the state of the connections, the elapsed time. */
export function createStatus(source: "live" | "replay"): View {
  const note = find("note");
  const show = createChips(find("status"));
  return ({ state, now, connected }) => {
    setText(note, state.outcome ? "The story has ended." : state.note);
    const { leader, feed } = state.links;
    const own: Chip =
      source === "replay"
        ? { id: "own", text: "Replay", tone: "plain", title: "This page replays the record of a run." }
        : { id: "own", text: "Dashboard lost", tone: "bad", title: "This page is reconnecting to its dashboard." };
    const chips = [
      ...(connected && source === "live" ? [] : [own]),
      ...(connected && leader ? [linkChip("Leader", leader)] : []),
      ...(connected && feed ? [linkChip("Story", feed)] : []),
      { id: "looks", text: "Read-only", tone: "plain", title: "dashboard/1 may read and cannot act." } as const,
      {
        id: "clock",
        text: clock(now - (state.startedAt || now)),
        tone: "plain",
        title: "Since the start",
      } as const,
    ];
    show(chips);
  };
}

function linkChip(name: string, { to, up, reason }: LinkView): Chip {
  if (up) return { id: to, text: name, tone: "good", title: `The ${to} answers.` };
  return { id: to, text: `${name} unreachable`, tone: "bad", title: reason };
}

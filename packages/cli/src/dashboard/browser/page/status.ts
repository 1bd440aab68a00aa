import { moment, span } from "../../model/format.js";
import { type Chip, createChips } from "../kit/chips.js";
import { find, setText } from "../kit/dom.js";
import type { View } from "./live.js";

/** The top of the page: the fleet, who looks, whether the authority answers; and the foot. */
export function createStatus(): View {
  const away = find("away");
  const polite = find("polite");
  let told: boolean | undefined;
  const show = createChips(find("status"));
  return ({ view, now, connected }) => {
    const { link, status, authority, viewer } = view;
    const { heardAt, reason } = link;
    const lost = !connected || !link.up;
    setText(find("domain"), status?.trustDomain ?? "fleet");
    setText(find("note"), status ? `${authority}, trust version ${status.trustVersion}` : authority);
    document.title = lost ? "Not current · Interlock fleet" : "Interlock fleet";
    const since = heardAt > 0 ? ` since ${moment(heardAt, now)}` : "";
    const chips: Chip[] = [
      connected
        ? {
            id: "authority",
            text: link.up ? "Authority" : "Authority away",
            tone: link.up ? "good" : "bad",
            title: reason,
          }
        : { id: "own", text: "Dashboard lost", tone: "bad", title: "This page is reconnecting to its dashboard." },
      {
        id: "looks",
        text: "Read-only",
        tone: "plain",
        title: `${viewer} looks, with scopes that cannot change anything.`,
      },
    ];
    show(chips);
    away.hidden = connected && (link.up || (heardAt === 0 && reason === "Not asked yet."));
    const who = connected
      ? `The authority at ${authority} has not answered${since}.`
      : "The dashboard does not answer.";
    setText(find("away-title"), who);
    const stale = heardAt > 0 ? ` What is below is ${span(now - heardAt)} old.` : "";
    const remedy = "Run the command again if it was stopped.";
    setText(find("away-why"), connected ? `${sentence(reason)}${stale}` : `${remedy}${stale}`);
    if (told !== undefined && told !== lost) setText(polite, lost ? who : "Everything is current again.");
    told = lost;
    setText(find("foot"), viewer === "" ? "" : `This page looks as ${viewer}, with scopes to read and nothing else.`);
  };
}

function sentence(text: string): string {
  return text === "" || /[.!?]$/.test(text) ? text : `${text}.`;
}

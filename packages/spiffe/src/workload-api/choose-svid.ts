import type { X509SVID } from "../gen/spiffe/workload/workload.js";

/** The identity that is wanted, of several. */
export interface SvidChoice {
  /** The SPIFFE ID. */
  readonly spiffeId?: string | undefined;
  /** The hint, which is an operator's word for what an identity is for. */
  readonly hint?: string | undefined;
}

/** The choice of one identity: the identity, or why there is none. */
export type ChosenSvid =
  | { readonly svid: X509SVID }
  | {
      /** What is wrong, with what was offered. */
      readonly problem: string;
      /** Whether the next message may be better: an entry that has just been registered is not known everywhere yet. */
      readonly mayCome: boolean;
    };

/** The number of identities that are named in an error. */
const named = 8;

/**
 * Chooses the identity of a bot among those that the Workload API offers. Where the choice names none, there has to be only one:
 * the order in which they come is no order of importance to a bot, and may differ the next time.
 */
export function chooseSvid(offered: readonly X509SVID[], { spiffeId, hint }: SvidChoice): ChosenSvid {
  const fitting = offered.filter(
    (svid) => (spiffeId === undefined || svid.spiffeId === spiffeId) && (hint === undefined || svid.hint === hint),
  );
  const [first] = fitting;
  if (!first) {
    const wanted = [spiffeId, hint && `the hint ${JSON.stringify(hint)}`].filter(Boolean).join(" with ");
    const missing = wanted ? `offers ${list(offered)}, and not ${wanted}` : "offers no identity";
    return { problem: `the Workload API ${missing}`, mayCome: true };
  }
  // Two entries of one SPIFFE ID are the same bot.
  if (fitting.every((svid) => svid.spiffeId === first.spiffeId)) return { svid: first };
  const problem = `the Workload API offers several identities: ${list(fitting)}; name one with spiffeId, or with hint`;
  return { problem, mayCome: false };
}

function list(svids: readonly X509SVID[]): string {
  const shown = svids
    .slice(0, named)
    .map(({ spiffeId, hint }) => (hint ? `${text(spiffeId)} (hint ${JSON.stringify(text(hint))})` : text(spiffeId)));
  const more = svids.length - shown.length;
  return [...shown, ...(more > 0 ? [`${more} more`] : [])].join(", ") || "nothing";
}

/** What the agent wrote, short enough for a log, and without what would move a terminal's cursor. */
function text(value: string): string {
  return value.slice(0, 200).replace(/[^\x20-\x7e]/g, "?");
}

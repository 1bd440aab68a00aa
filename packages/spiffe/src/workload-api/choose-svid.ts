import { printable } from "@interlock/bot/internal";
import type { X509SVID } from "../gen/spiffe/workload/workload.js";
import { SvidError } from "./svid-error.js";

/** The identity that is wanted, of several. */
export interface SvidChoice {
  /** The SPIFFE ID. */
  readonly spiffeId?: string | undefined;
  /** The hint, which is an operator's word for what an identity is for. */
  readonly hint?: string | undefined;
}

/** The number of identities in one message, and of those that an error names. */
const maximumSvids = 256;
const named = 8;

/**
 * Chooses the identity of a bot among those that the Workload API offers. Where the choice names none, there has to be only one:
 * the order in which they come is no order of importance to a bot, and may differ the next time. Throws an {@link SvidError} that
 * says what was offered.
 */
export function chooseSvid(offered: readonly X509SVID[], { spiffeId, hint }: SvidChoice): X509SVID {
  if (offered.length > maximumSvids) throw new SvidError(`it offers more than ${maximumSvids} identities`);
  const fitting = offered.filter(
    (svid) => (spiffeId === undefined || svid.spiffeId === spiffeId) && (hint === undefined || svid.hint === hint),
  );
  const [first] = fitting;
  if (!first) {
    const wanted = [spiffeId, hint && `the hint ${JSON.stringify(hint)}`].filter(Boolean).join(" with ");
    // It may come: an entry that has just been registered is not known everywhere yet.
    throw new SvidError(wanted ? `it offers ${list(offered)}, and not ${wanted}` : "it offers none");
  }
  // Two entries of one SPIFFE ID are the same bot.
  if (fitting.every((svid) => svid.spiffeId === first.spiffeId)) return first;
  const remedy = "Name one with spiffeId, or with hint";
  throw new SvidError(`it offers several: ${list(fitting)}`, { isFinal: true, remedy });
}

function list(svids: readonly X509SVID[]): string {
  const shown = svids.slice(0, named).map(({ spiffeId, hint }) => {
    return hint ? `${text(spiffeId)} (hint ${JSON.stringify(text(hint))})` : text(spiffeId);
  });
  const more = svids.length - shown.length;
  return [...shown, ...(more > 0 ? [`${more} more`] : [])].join(", ") || "nothing";
}

function text(value: string): string {
  return printable(value, { maximumLength: 200 });
}

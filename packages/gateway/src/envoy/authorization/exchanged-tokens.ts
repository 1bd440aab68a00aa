import { type Clock, InterlockError } from "@interlock/bot";
import type { CertificateSlot, CertificateSlots } from "./certificate-slots.js";

/** A token for a bot behind the door, with the slot of the certificate that it is bound to. */
export interface ExchangedToken {
  readonly token: string;
  readonly slot: CertificateSlot;
  /** Until when it is good, in milliseconds since the epoch. */
  readonly until: number;
}

/** The token of a caller, which has been verified. */
export interface ShownToken {
  readonly token: string;
  /** What tells it from all others; see `token/reference.ts` in `@interlock/bot`. */
  readonly reference: string;
}

/** A token that the authority has given. */
export interface GivenToken {
  readonly token: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** The thumbprint of the certificate that it is bound to. */
  readonly thumbprint: string;
}

/** Exchanges a token at the authority. */
export type Exchange = (subjectToken: string, audience: string) => Promise<GivenToken>;

/** What {@link createExchangedTokens} works with. */
export interface ExchangedTokensOptions {
  readonly exchange: Exchange;
  readonly certificates: Pick<CertificateSlots, "current" | "find">;
  readonly clock: Clock;
}

/** How many exchanged tokens are kept: at most 20 MB with tokens of 2 KB. */
const maximumTokens = 10_000;
/** How many exchanges may be under way. */
const maximumUnderWay = 256;
/** How long a refusal of the authority is repeated without asking it, in milliseconds. */
const refusalMs = 1_000;
/** How long before its end a token is exchanged anew, in milliseconds; at most a tenth of its life. */
const marginMs = 5_000;

interface Entry {
  /** Until when it holds; infinite while the exchange is under way. */
  until: number;
  /** The slot of its certificate, once it is known. */
  slot?: CertificateSlot;
  readonly outcome: Promise<ExchangedToken>;
}

/**
 * Keeps the tokens that were exchanged for those of callers (RFC 8693), by the caller's token and the service. Each holds as long
 * as it is good, and the certificate of the gateway that it is bound to. One exchange serves all calls that wait for it.
 *
 * @returns A function that gives the token for a caller's at a service, or rejects as the authority does.
 */
export function createExchangedTokens({ exchange, certificates, clock }: ExchangedTokensOptions) {
  const entries = new Map<string, Entry>();
  let underWay = 0;

  async function fetch(shown: ShownToken, service: string): Promise<ExchangedToken> {
    const begun = clock.now();
    const { token, expiresAt, thumbprint } = await exchange(shown.token, service);
    const slot = certificates.find(thumbprint);
    if (!slot)
      throw new InterlockError("UNAVAILABLE", "The certificate of the gateway has just been renewed: try again.");
    await slot.ready;
    const margin = Math.min(marginMs, (expiresAt - begun) / 10);
    return { token, slot, until: expiresAt - margin };
  }

  function begin(key: string, shown: ShownToken, service: string): Entry {
    if (underWay >= maximumUnderWay) {
      throw new InterlockError("RESOURCE_EXHAUSTED", "The gateway exchanges too many tokens at once: try again later.");
    }
    underWay++;
    const outcome = fetch(shown, service).finally(() => underWay--);
    const entry: Entry = { until: Number.POSITIVE_INFINITY, outcome };
    outcome.then(
      ({ until, slot }) => {
        entry.until = until;
        entry.slot = slot;
      },
      () => {
        entry.until = clock.now() + refusalMs;
      },
    );
    entries.delete(key);
    if (entries.size >= maximumTokens) entries.delete(entries.keys().next().value as string);
    entries.set(key, entry);
    return entry;
  }

  function isGood({ until, slot }: Entry): boolean {
    const now = clock.now();
    // An older certificate is left in time; the newest one has to do, even if it should have been renewed.
    return now < until && (slot === undefined || slot === certificates.current || now < slot.until);
  }

  return function exchanged(shown: ShownToken, service: string): Promise<ExchangedToken> {
    const key = `${shown.reference} ${service}`;
    const known = entries.get(key);
    const entry = known && isGood(known) ? known : begin(key, shown, service);
    return entry.outcome;
  };
}

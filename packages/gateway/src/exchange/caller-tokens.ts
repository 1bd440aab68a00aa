import { type Clock, type Identity, InterlockError, type TokenSource, type Trust } from "@interlock/bot";
import { type Bearer, bearerFault, type FetchedToken, holdsScope } from "@interlock/bot/internal";

/** Exchanges a token at the authority; see `Membership.exchange`. */
export type ExchangeToken = (
  subjectToken: string,
  audience: string,
  scopes: readonly string[],
  identity: Identity,
) => Promise<FetchedToken>;

/** What the tokens of a caller are exchanged with. */
export interface CallerTokensOptions {
  readonly exchange: ExchangeToken;
  readonly trust: Trust;
  readonly clock: Clock;
  /** The tokens that the caller has shown on the connections with open calls: verified, and perhaps not good any more. */
  shown(): Iterable<Bearer>;
}

interface Exchanged {
  readonly authorization: string;
  /** The token that it was exchanged for. */
  readonly subject: Bearer;
  readonly expiresAt: number;
  /** When it is exchanged anew although it is good. */
  renewAt: number;
}

/** How many exchanged tokens are kept for one bot: one for each set of scopes at each service, and certificate. */
const maximumExchanged = 256;
/** The part of its life after which a token is exchanged anew. */
const renewAfter = 0.7;
/** The pause before another exchange while there is a good token, in milliseconds. */
const retryMs = 2_000;
/** A token is not used that expires within this time, in milliseconds: the call would come too late. */
const marginMs = 1_000;

/**
 * Exchanges the tokens that one bot shows for tokens of the gateway's own certificate, in which the bot is the subject and the
 * gateway the actor (RFC 8693). They are kept by the scopes of the method and the certificate. One that was exchanged for a token
 * which is revoked, or has expired, is not used any more.
 */
export function createCallerTokens({ exchange, trust, clock, shown }: CallerTokensOptions): TokenSource {
  const exchanged = new Map<string, Exchanged>();
  const fetching = new Map<string, Promise<Exchanged>>();

  const isGood = (bearer: Bearer) => bearerFault(bearer, trust, clock.now()) === undefined;

  /** The tokens that the bot shows now, and those that it has shown lately: a connection is renewed between two calls, too. */
  function* known(): Generator<Bearer> {
    yield* shown();
    for (const { subject } of exchanged.values()) yield subject;
  }

  /** The good token of the bot for a service with the scopes that lasts longest. */
  function subjectFor(audience: string, scopes: readonly string[]): Bearer | undefined {
    let best: Bearer | undefined;
    for (const bearer of known()) {
      const { token } = bearer;
      if (best && token.expiresAt <= best.token.expiresAt) continue;
      if (token.audiences.has(audience) && scopes.every((scope) => holdsScope(token, scope)) && isGood(bearer))
        best = bearer;
    }
    return best;
  }

  function exchangeOnce(key: string, subject: Bearer, audience: string, scopes: readonly string[], identity: Identity) {
    const flight = `${key} ${subject.reference}`;
    const underWay = fetching.get(flight);
    if (underWay) return underWay;
    const work = exchangeNow(subject, audience, scopes, identity);
    fetching.set(flight, work);
    work.then(
      (entry) => {
        fetching.delete(flight);
        keep(key, entry);
      },
      () => fetching.delete(flight),
    );
    return work;
  }

  async function exchangeNow(subject: Bearer, audience: string, scopes: readonly string[], identity: Identity) {
    const now = clock.now();
    const subjectToken = subject.authorization.replace(/^Bearer /i, "");
    const { token, expiresAt } = await exchange(subjectToken, audience, scopes, identity);
    return {
      authorization: `Bearer ${token}`,
      subject,
      expiresAt,
      renewAt: now + (expiresAt - now) * renewAfter,
    };
  }

  function keep(key: string, entry: Exchanged): void {
    exchanged.delete(key);
    exchanged.set(key, entry);
    const [oldest] = exchanged.keys();
    if (exchanged.size > maximumExchanged && oldest !== undefined) exchanged.delete(oldest);
  }

  return {
    authorization(audience, scopes, identity) {
      const key = `${audience} ${identity.leaf.thumbprint} ${scopes.join(" ")}`;
      const entry = exchanged.get(key);
      const now = clock.now();
      if (entry && now < entry.expiresAt - marginMs && isGood(entry.subject)) {
        if (now < entry.renewAt) return entry.authorization;
        entry.renewAt = now + retryMs;
        const next = subjectFor(audience, scopes);
        if (next) exchangeOnce(key, next, audience, scopes, identity).catch(() => {});
        return entry.authorization;
      }
      const subject = subjectFor(audience, scopes);
      if (!subject) throw new InterlockError("UNAVAILABLE", "The caller has shown no token for this service lately.");
      return exchangeOnce(key, subject, audience, scopes, identity).then(({ authorization }) => authorization);
    },
    forget(audience) {
      for (const key of exchanged.keys()) if (key.startsWith(`${audience} `)) exchanged.delete(key);
    },
  };
}

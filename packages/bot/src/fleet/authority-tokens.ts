import { decodeJwt } from "jose/jwt/decode";
import type { Clock } from "../base/clock.js";
import { InterlockError } from "../base/error.js";
import type { Client } from "../client/client.js";
import type { AuthorityService } from "../gen/interlock/authority/v1/authority_service_interlock.js";
import type { Identity, IdentitySource } from "../identity/identity.js";
import type { DelegatedUse, Membership } from "../membership.js";
import { createTokenCache, type FetchedToken, type FetchToken } from "../token/token-cache.js";
import type { TokenSource } from "../token/token-source.js";
import type { AuthorityContact } from "../trust/authority-contact.js";

/** The options of {@link createAuthorityTokens}. */
export interface AuthorityTokensOptions {
  /** The number of addresses that its client has, so that one that is away fails no call. Default: 1. */
  readonly authorities?: number;
  /** The identity that the client shows. */
  readonly identity: IdentitySource;
  /** Is told whether the authority answered. */
  readonly contact: AuthorityContact;
}

/**
 * The part of a token's life after which it is renewed. What is left, six minutes of ten, is the time for which an outage of
 * the authority is not noticed.
 */
const renewAfter = 0.4;

/** The time for one request of a token, in milliseconds. */
const timeoutMs = 10_000;

/**
 * Creates the source of the authority's tokens. The authority binds a token to the certificate over which it is requested,
 * so an identity that has been renewed gets only tokens that are in the cache. Tokens are renewed in the background for as
 * long as they are used once a day. A token that cannot be had is refused with `AUTHORITY_UNREACHABLE`.
 * With `under`, they are issued under a delegation, or for an approved call.
 */
export function createAuthorityTokens(
  authority: Client<typeof AuthorityService>,
  clock: Clock,
  { authorities = 1, identity: own, contact }: AuthorityTokensOptions,
  under: DelegatedUse = {},
): TokenSource {
  const fetch = createFetch(clock, { authorities, identity: own, contact });
  const use = {
    ...(under.delegation !== undefined && { delegation: under.delegation }),
    ...(under.approval !== undefined && { approval: under.approval }),
  };
  const fetchToken: FetchToken = (audience, scopes, identity) =>
    // Without any of the scopes, the server of the method refuses the call, as it does without some of them.
    fetch(audience, identity, () => authority.issueToken({ audience, scopes, allowEmpty: true, ...use }, asking));
  // An approval gives one token, so that it is not renewed.
  const keeping = under.approval === undefined ? { renewAfter, keptFor: own } : { renewAfter: 1 };
  return {
    ...createTokenCache(fetchToken, clock, keeping),
    overdue() {
      const late = new InterlockError(
        "DEADLINE_EXCEEDED",
        "The deadline passed before there was a token for the call.",
      );
      const need = `${own.current().spiffeId.name} waited for a token`;
      if (contact.awaySince !== undefined) return contact.explain(late, need);
      return new InterlockError(late.code, `The deadline passed: ${need} from the authority at ${contact.address}.`);
    },
  };
}

/** Exchanges tokens at the authority; see `Membership.exchange`. */
export function createTokenExchange(
  authority: Pick<Client<typeof AuthorityService>, "exchangeToken">,
  clock: Clock,
  options: AuthorityTokensOptions,
): NonNullable<Membership["exchange"]> {
  const fetch = createFetch(clock, options);
  return (subjectToken, audience, scopes, identity) =>
    fetch(audience, identity, () => authority.exchangeToken({ subjectToken, audience, scopes: [...scopes] }, asking));
}

/** Detached: several calls may wait for a token, and the cancellation of one of them must not end it. */
const asking = { detached: true, timeoutMs };

/** What can be a token: visible characters of ASCII, twice as many as a server reads at most. */
const tokenForm = /^[\x21-\x7e]{1,16384}$/;

interface TokenAnswer {
  readonly token: string;
  readonly expiresAt?: Date | undefined;
}

/** Makes the function that asks for a token which is bound to the certificate of an identity. */
function createFetch(clock: Clock, { authorities = 1, identity: own, contact }: AuthorityTokensOptions) {
  return async function fetch(
    audience: string,
    identity: Identity,
    ask: () => Promise<TokenAnswer>,
  ): Promise<FetchedToken> {
    if (identity !== own.current()) throw renewed();
    const { token, expiresAt } = await atAny(authorities, ask).catch((error) => {
      contact.missed(error);
      throw contact.explain(error, `${own.current().spiffeId.name} gets no token for ${audience}`);
    });
    contact.reached();
    // The authority of another trust domain may answer with anything, and this becomes a header.
    if (!tokenForm.test(token)) throw new InterlockError("INTERNAL", "The answer of the authority holds no token.");
    // The connection may have been bound to another certificate meanwhile.
    if (boundToAnother(token, identity)) throw renewed();
    return { token, expiresAt: expiresAt?.getTime() ?? clock.now() };
  };
}

function renewed(): InterlockError {
  return new InterlockError("UNAVAILABLE", "The certificate has been renewed.");
}

function boundToAnother(token: string, { leaf: { thumbprint } }: Identity): boolean {
  let confirmation: unknown;
  try {
    confirmation = decodeJwt(token).cnf;
  } catch {
    return false; // The server that it is shown to will refuse it.
  }
  return (confirmation as { "x5t#S256"?: unknown } | undefined)?.["x5t#S256"] !== thumbprint;
}

/** The token source of a client of the authority itself, whose methods for bots take no token. */
export const noTokens: TokenSource = {
  authorization() {
    throw new Error("There are no tokens here.");
  },
  forget() {},
};

/** Asks until one of `count` authorities can answer; for requests that may be repeated. */
async function atAny<T>(count: number, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (count <= 1 || InterlockError.from(error).code !== "UNAVAILABLE") throw error;
    return atAny(count - 1, ask);
  }
}

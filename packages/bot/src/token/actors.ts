import { parseSpiffeId, type SpiffeId } from "@interlock/policy";
import { denial } from "../base/error.js";

/** The maximum number of actors in one token. */
export const maximumActors = 3;

/**
 * The scope with which a bot may act for others. The bot needs it at its own service, where the others show it their token,
 * and at the service that it calls for them. It is granted like any other scope.
 */
export const exchangeScope = "token:exchange";

/**
 * The scope with which a bot may give a part of its scopes at a service to another bot. A delegation that holds it may be
 * passed on. Every token that was issued under a delegation holds it, so that taking it away from the subject ends them all.
 */
export const delegateScope = "token:delegate";

/**
 * Reads the actors from an `act` claim (RFC 8693, section 4.1): the bot that shows the token first, then the bot that it
 * acts for, and so on. Empty when there is no such claim. Any other value of the claim is malformed: it must never pass
 * for a token without actors.
 *
 * @throws `TOKEN_MALFORMED` or `ACTOR_CHAIN_TOO_LONG`.
 */
export function readActors(payload: Readonly<Record<string, unknown>>, trustDomain: string): readonly SpiffeId[] {
  const actors: SpiffeId[] = [];
  let holder: Readonly<Record<string, unknown>> = payload;
  while ("act" in holder) {
    if (actors.length >= maximumActors) throw denial("ACTOR_CHAIN_TOO_LONG", `at most ${maximumActors} are allowed`);
    const { act } = holder;
    if (typeof act !== "object" || act === null) throw denial("TOKEN_MALFORMED", '"act" is no actor');
    holder = act as Record<string, unknown>;
    actors.push(readIdentity(holder.sub, trustDomain, "act.sub"));
  }
  return actors;
}

/** The `act` claim of a token with these actors; absent when there are none. */
export function actClaim(actors: readonly SpiffeId[]): { act?: object } {
  const [first, ...rest] = actors;
  return first ? { act: { sub: first.uri, ...actClaim(rest) } } : {};
}

/**
 * Reads the SPIFFE ID in a claim.
 *
 * @throws `TOKEN_MALFORMED` for anything but a SPIFFE ID of the trust domain.
 */
export function readIdentity(claim: unknown, trustDomain: string, name: string): SpiffeId {
  const id = typeof claim === "string" ? parseSpiffeId(claim) : undefined;
  if (id?.trustDomain !== trustDomain) throw denial("TOKEN_MALFORMED", `"${name}" is no bot of this fleet`);
  return id;
}

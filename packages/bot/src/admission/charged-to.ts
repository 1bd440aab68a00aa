import type { SpiffeId } from "@interlock/policy";
import type { Trust } from "../trust/trust.js";
import type { Attempt } from "./attempt.js";
import { bearerFault } from "./bearer-fault.js";

/** What tells for whom a call is made. Of a stream that is no call, only the connection may be known. */
export type Chargeable = Pick<Attempt, "connection" | "now"> & Partial<Pick<Attempt, "authorization" | "references">>;

/**
 * The bot that a call counts for, in rates and in what is open: the subject of its token, where the bot at the other end acts for
 * it, and otherwise that bot. So one caller behind a gateway uses up its own share, and neither the gateway's nor another's.
 *
 * It verifies nothing, and believes only a token that was verified on the connection before and is still good. So the first call
 * of each token on a connection (those that come while it is being verified wait for that, see `chain.ts`), and each call with a token that has expired or was revoked, counts for the bot at the other end.
 * That bot gains nothing by it: it can name those subjects alone whose tokens the authority has exchanged for it
 * (`token:exchange`), for as long as it may.
 */
export function chargedTo({ connection, authorization, references, now }: Chargeable, trust: Trust): SpiffeId {
  const { peer, bearers } = connection;
  const shown = references?.[0] ?? authorization?.[0];
  if (shown === undefined) return peer;
  const bearer = bearers.get(shown);
  if (!bearer || bearer.caller.actors.length === 0) return peer;
  return bearerFault(bearer, trust, now) === undefined ? bearer.caller.spiffeId : peer;
}

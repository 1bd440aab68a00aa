import { randomBytes } from "node:crypto";
import { InterlockError } from "@interlock/bot";
import { delegateScope, denial, maximumActors } from "@interlock/bot/internal";
import { AdminService } from "@interlock/bot/protocol";
import { type SpiffeId, spiffeId } from "@interlock/policy";
import { type Grants, grantedScopes, narrowedScopes } from "@interlock/policy/grants";
import type { DelegationRow } from "../store/schema.js";
import type { Records, Store } from "../store/store.js";
import { type Allowed, narrow } from "./allowed.js";
import { type AskedDelegation, checkDelegate, maximumServices } from "./check-delegate.js";
import { findHeld, type HeldDelegation } from "./held-delegation.js";

/** How many delegations in force one bot may have given. */
export const maximumGiven = 100;

const defaultTtlMs = 3_600_000;

/** What {@link delegate} works with. */
export interface DelegateParts {
  readonly store: Store;
  /** The grants in force. */
  readonly grants: Grants;
}

/**
 * Records that a bot gives a part of what it holds to another one. Rejects with `SCOPE_WIDENED` for more than that, with
 * `DELEGATION_NOT_ALLOWED` where it lacks `token:delegate`, with `ACTOR_CHAIN_TOO_LONG` and `DELEGATION_LIMIT` beyond the bounds,
 * with `DELEGATION_NOT_HELD` and `DELEGATION_ENDED` for a parent that it does not hold, and with `INVALID_ARGUMENT`.
 */
export async function delegate(
  { store, grants }: DelegateParts,
  giver: SpiffeId,
  asked: AskedDelegation,
  now: number,
): Promise<DelegationRow> {
  checkDelegate(asked);
  const { to: holder } = asked;
  return store.transaction(async (records) => {
    const above = asked.parent === "" ? undefined : await findHeld(records, asked.parent, now, giver.name);
    const subject = above?.subject ?? giver.name;
    refuseCircle([subject, giver.name, ...(above?.actors ?? [])], holder);
    refuseChain(above);
    const allowed = narrow(above ? passable(above.allowed) : ownPart(grants, giver.name), asked, delegateScope);
    if (allowed.length > maximumServices) {
      const problem = `These scopes are held at ${allowed.length} services: name at most ${maximumServices} of them.`;
      throw new InterlockError("INVALID_ARGUMENT", problem);
    }
    await refuseTooMany(records, giver.name, now);
    const id = `dlg-${randomBytes(16).toString("base64url")}`;
    const row: DelegationRow = {
      id,
      subject,
      giver: giver.name,
      holder,
      lineage: [id, ...(above?.lineage ?? [])].join(" "),
      actors: [holder, ...(above?.actors ?? [])].join(" "),
      allowed: JSON.stringify(allowed),
      createdAt: now,
      expiresAt: expiry(asked.ttlSeconds, above, now),
    };
    await records.delegations.add(row);
    await records.auditLog.append({
      at: now,
      kind: "delegate",
      actor: giver.uri,
      subject: spiffeId(giver.trustDomain, holder).uri,
      details: {
        id,
        ...(above && { parent: above.id }),
        for: spiffeId(giver.trustDomain, subject).uri,
        allowed,
        expiresAt: row.expiresAt,
      },
    });
    return row;
  });
}

/** What a bot may give of its own: everywhere where it is granted `token:delegate`. Operators act in person, so nothing of theirs. */
function ownPart(grants: Grants, name: string): Allowed {
  const services = new Set(grants.map(({ service }) => service).filter((service) => service !== AdminService.name));
  const held = [...services].map((service) => ({ service, scopes: heldScopes(grants, name, service) }));
  return refuseNothing(
    held.filter(({ scopes }) => scopes.includes(delegateScope)),
    `"${name}" is granted ${delegateScope} at no service; add that to grants.yaml and run ` +
      `"interlock grants apply grants.yaml"`,
  );
}

/** What a bot holds at a service, also under conditions: those of its grants go into every token that is issued for it. */
function heldScopes(grants: Grants, name: string, service: string): string[] {
  const conditional = [...narrowedScopes(grants, name, service).keys()].filter((scope) => scope !== delegateScope);
  return [...grantedScopes(grants, name, service), ...conditional];
}

/** What may be passed on of a delegation: everywhere where it has `token:delegate`. */
function passable(allowed: Allowed): Allowed {
  return refuseNothing(
    allowed.filter(({ scopes }) => scopes.includes(delegateScope)),
    `it was given without ${delegateScope}`,
  );
}

function refuseNothing(allowed: Allowed, why: string): Allowed {
  if (allowed.length > 0) return allowed;
  throw denial("DELEGATION_NOT_ALLOWED", why, { needed: delegateScope });
}

function refuseCircle(chain: readonly string[], holder: string): void {
  if (!chain.includes(holder)) return;
  throw new InterlockError(
    "INVALID_ARGUMENT",
    `${holder} gives it, or acts in it already: name a bot that it would be new to.`,
  );
}

function refuseChain(above: HeldDelegation | undefined): void {
  if ((above?.actors.length ?? 0) < maximumActors) return;
  throw denial("ACTOR_CHAIN_TOO_LONG", `a delegation is passed on at most ${maximumActors - 1} times`);
}

/** Throws `DELEGATION_LIMIT` when a bot has given as many as it may. */
export async function refuseTooMany(
  { delegations }: Pick<Records, "delegations">,
  giver: string,
  now: number,
): Promise<void> {
  if ((await delegations.countGiven(giver, now)) < maximumGiven) return;
  throw denial("DELEGATION_LIMIT", `at most ${maximumGiven} may be in force: let some expire, or choose shorter times`);
}

function expiry(ttlSeconds: number, above: HeldDelegation | undefined, now: number): number {
  const until = above?.expiresAt ?? Number.POSITIVE_INFINITY;
  if (ttlSeconds === 0) return Math.min(now + defaultTtlMs, until);
  const wanted = now + ttlSeconds * 1_000;
  if (wanted <= until) return wanted;
  const [needed, held] = [wanted, until].map((at) => new Date(at).toISOString()) as [string, string];
  throw denial("SCOPE_WIDENED", `what it is a part of ends at ${held}`, { needed, held });
}

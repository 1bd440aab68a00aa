import { builtInGrants, undoScopes } from "@interlock/bot/internal";
import { AdminService } from "@interlock/bot/protocol";
import { matchesIdentity } from "@interlock/policy";
import { bareGrant, type Grant, type Grants, grantedScopes } from "@interlock/policy/grants";
import { groupBy } from "../group-by.js";
import type { Period } from "../period.js";
import type { BotFacts, BotIndex } from "./bot-facts.js";
import type { GrantUse } from "./grant-use.js";
import type { JudgedGrant } from "./judge-grant.js";

/** Whether a judgment changes the grants file. */
export function isChange({ verdict }: JudgedGrant): boolean {
  return verdict === "unused" || verdict === "vanished" || verdict === "wildcard";
}

/** The grants that are left after the changes. */
export function remainingGrants(judged: readonly JudgedGrant[]): Grants {
  return judged.flatMap((grant): Grant[] => {
    if (!isChange(grant)) return [grant];
    return (grant.names ?? []).map((identity) => ({ ...bareGrant(grant), identity }));
  });
}

/**
 * Keeps grants of bots that call methods which take any bot, where nothing would be left to them at the service: a bot finds a
 * service in the directory only while it holds some scope there.
 */
export function keepLookUps(judged: readonly JudgedGrant[], use: GrantUse): JudgedGrant[] {
  const remaining = remainingGrants(judged);
  const left = groupBy(remaining, ({ service }) => service);
  return judged.map((grant) => {
    if (!isChange(grant) || grant.verdict === "vanished") return grant;
    const { identity, service } = grant;
    const caller = [...use.anyBotCallers(service)].find(
      (name) =>
        matchesIdentity(identity, name) && !left.get(service)?.some((other) => matchesIdentity(other.identity, name)),
    );
    if (caller === undefined) return grant;
    const reason = `${caller} calls methods of the service that take any bot, and may need a scope there to find it`;
    return { ...grant, verdict: "unknown", reason, names: undefined };
  });
}

/** Keeps the grants without which no bot could undo a mistake any more, as the authority does. */
export function keepLastOperators(judged: readonly JudgedGrant[], bots: BotIndex, { to }: Period): JudgedGrant[] {
  const able = bots.all.filter((bot) => canAct(bot, to));
  const holds = (grants: Grants, scope: string) =>
    able.some(({ name }) =>
      (grantedScopes([...builtInGrants, ...grants], name, AdminService.name) as ReadonlySet<string>).has(scope),
    );
  const remaining = remainingGrants(judged).filter(({ service }) => service === AdminService.name);
  const before = judged.filter(({ service }) => service === AdminService.name);
  const lost = new Set<string>(undoScopes.filter((scope) => holds(before, scope) && !holds(remaining, scope)));
  return judged.map((grant) => {
    if (!isChange(grant) || grant.service !== AdminService.name || !lost.has(grant.scope)) return grant;
    return { ...grant, verdict: "operator", reason: "no other bot could undo a mistake", names: undefined };
  });
}

function canAct({ retiredAt, revokedAt, certificateExpiresAt }: BotFacts, now: number): boolean {
  return retiredAt === undefined && revokedAt === undefined && (certificateExpiresAt ?? 0) > now;
}

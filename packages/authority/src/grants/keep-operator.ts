import { builtInGrants, denial, undoScopes } from "@interlock/bot/internal";
import { AdminService } from "@interlock/bot/protocol";
import { matchesIdentity, parseSpiffeId, type Scope, spiffeId } from "@interlock/policy";
import { type Grants, grantedScopes } from "@interlock/policy/grants";
import type { BotRow, RevocationRow } from "../store/schema.js";
import type { Records } from "../store/store.js";
import { readGrants } from "./read-grants.js";

/** A change that an operator asks for. */
export type OperatorChange =
  | { readonly kind: "retire"; readonly name: string }
  | ({ readonly kind: "revoke" } & { readonly revoked: Subject })
  | { readonly kind: "grants"; readonly grants: Grants };

type Subject = Pick<RevocationRow, "kind" | "subject">;

/** Decides whether a change may be made. Call it in the transaction of the change, before the change. */
export interface OperatorGuard {
  readonly trustDomain: string;
  /** Whether the change is made even if no bot is left that could undo it. */
  readonly force: boolean;
}

/**
 * Refuses a change with `LAST_OPERATOR` after which no bot holds one of {@link undoScopes} that a bot holds now. A bot counts
 * if it has joined, its certificate is valid, and it is neither retired nor revoked. Write transactions run one at a time, so
 * two operators cannot take each other away at once.
 */
export async function keepOperator(
  { bots, revocations, grantVersions }: Pick<Records, "bots" | "revocations" | "grantVersions">,
  change: OperatorChange,
  { trustDomain, force }: OperatorGuard,
  now: number,
): Promise<void> {
  if (force || isOfToken(change)) return;
  const latest = await grantVersions.latest();
  const grants = [...builtInGrants, ...(latest ? readGrants(latest.yaml) : [])];
  const named = nameOf(change, trustDomain);
  if (named !== undefined && !undoScopes.some((scope) => holds(grants, named, scope))) return;
  const after = change.kind === "grants" ? [...builtInGrants, ...change.grants] : grants;
  const revoked = (await revocations.list()).filter(({ kind }) => kind !== "token");
  const isRevoked = (bot: BotRow, subject: Subject) => concerns(subject, bot, trustDomain);
  const members = (await bots.list()).filter(
    (bot) =>
      bot.retiredAt === null &&
      bot.certificateExpiresAt > now &&
      undoScopes.some((scope) => holds(grants, bot.name, scope)) &&
      !revoked.some((subject) => isRevoked(bot, subject)),
  );
  const left = members.filter((bot) => {
    if (change.kind === "retire") return bot.name !== change.name;
    return change.kind !== "revoke" || !isRevoked(bot, change.revoked);
  });
  const lost = undoScopes.filter(
    (scope) =>
      members.some((bot) => holds(grants, bot.name, scope)) && !left.some((bot) => holds(after, bot.name, scope)),
  );
  if (lost.length === 0) return;
  const names = members.map(({ name }) => name).join(" ");
  throw denial(
    "LAST_OPERATOR",
    `no other bot with a valid certificate holds ${lost.join(", ")} at ${AdminService.name}, and ${shown(names)} would lose ` +
      'it. Let another operator join first ("interlock invite operator/NAME"), or repeat it with --force; then only ' +
      '"interlock up --operator NAME" on the authority\'s machine makes an operator again',
    { lost: lost.join(" "), holders: shown(names) },
  );
}

/** Whether a change takes no bot away: with a token goes what it allows, and its bot gets another. */
function isOfToken(change: OperatorChange): boolean {
  return change.kind === "revoke" && change.revoked.kind === "token";
}

/** Whether a revocation concerns a bot on record; that of a token concerns none. */
export function concerns({ kind, subject }: Subject, bot: BotRow, trustDomain: string): boolean {
  if (kind === "identity") return spiffeId(trustDomain, bot.name).uri === subject;
  if (kind === "pattern") return matchesIdentity(subject, bot.name);
  return kind === "certificate" && bot.certificateSerial === subject;
}

/** The name of the one bot that a change takes away, if it names one. */
function nameOf(change: OperatorChange, trustDomain: string): string | undefined {
  if (change.kind === "retire") return change.name;
  if (change.kind !== "revoke" || change.revoked.kind !== "identity") return undefined;
  const id = parseSpiffeId(change.revoked.subject);
  return id?.trustDomain === trustDomain ? id.name : undefined;
}

function holds(grants: Grants, name: string, scope: Scope): boolean {
  return grantedScopes(grants, name, AdminService.name).has(scope);
}

function shown(names: string): string {
  return names.length > 200 ? `${names.slice(0, 200)}…` : names;
}

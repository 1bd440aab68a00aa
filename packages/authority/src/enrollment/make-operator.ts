import { InterlockError } from "@interlock/bot";
import { isBotName, matchesIdentity, spiffeId } from "@interlock/policy";
import { createJoinToken, type JoinTokenOptions } from "../join-tokens/create-join-token.js";
import type { RevocationRow } from "../store/schema.js";
import type { Records } from "../store/store.js";
import type { TrustHub } from "../trust-hub/trust-hub.js";

/**
 * Makes a working operator of a name, whatever was done to it: ends its revocation, and creates a join token, which also ends
 * a retirement. It is for the authority's own machine, where the keys of the fleet are.
 *
 * A pattern that revokes the name ends, too, and every other bot on record that it matches is revoked by its name instead: so
 * none of them comes back. Each step is in the audit log. Rejects with `INVALID_ARGUMENT` for a name that is no operator's.
 */
export async function makeOperator({
  hub,
  ...options
}: Omit<JoinTokenOptions, "uses" | "ttlMs"> & { readonly hub: Pick<TrustHub, "refresh"> }): Promise<string> {
  const { store, trustDomain, name, now, by } = options;
  if (!isBotName(name) || !/^operator\/[^/]+$/.test(name)) {
    throw new InterlockError(
      "INVALID_ARGUMENT",
      `"${name}" is no operator: write operator/NAME, for example operator/alice.`,
    );
  }
  const { uri } = spiffeId(trustDomain, name);
  await store.transaction(async (records) => {
    const own = await records.revocations.find("identity", uri);
    if (own) await end(records, own);
    for (const pattern of await records.revocations.list("pattern")) {
      if (!matchesIdentity(pattern.subject, name)) continue;
      await narrow(records, pattern);
      await end(records, pattern);
    }
    await records.auditLog.append({ at: now, kind: "operator", actor: by, subject: uri, details: {} });
  });
  await hub.refresh();
  return (await createJoinToken(options)).joinToken;

  async function end({ revocations, fleet, auditLog }: Records, { kind, subject }: RevocationRow): Promise<void> {
    const trustVersion = await fleet.nextTrustVersion();
    await revocations.unrevoke(kind, subject, { unrevokedAt: now, trustVersion });
    await auditLog.append({ at: now, kind: "unrevoke", actor: by, subject, details: { kind, trustVersion } });
  }

  /** Revokes by their names the bots on record that a pattern revokes, but not the operator. */
  async function narrow(records: Records, pattern: RevocationRow): Promise<void> {
    const { bots, revocations, fleet, auditLog } = records;
    const others = (await bots.list()).filter((bot) => bot.name !== name && matchesIdentity(pattern.subject, bot.name));
    for (const bot of others) {
      const subject = spiffeId(trustDomain, bot.name).uri;
      if (await revocations.find("identity", subject)) continue;
      const trustVersion = await fleet.nextTrustVersion();
      const { reason } = pattern;
      await revocations.add({ kind: "identity", subject, revokedAt: now, reason, trustVersion });
      const details = { kind: "identity", reason, trustVersion };
      await auditLog.append({ at: now, kind: "revoke", actor: by, subject, details });
    }
  }
}

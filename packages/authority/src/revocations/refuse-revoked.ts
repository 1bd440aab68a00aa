import { denial } from "@interlock/bot/internal";
import { matchesIdentity, type SpiffeId } from "@interlock/policy";
import type { RevocationRow } from "../store/schema.js";
import type { Records } from "../store/store.js";

/** Throws `IDENTITY_REVOKED` when a bot is locked out, by its name or by a pattern. */
export async function refuseLocked({ revocations }: Pick<Records, "revocations">, id: SpiffeId): Promise<void> {
  const lock = (await revocations.find("identity", id.uri)) ?? (await patternLock(revocations, id.name));
  if (!lock) return;
  const subject = lock.kind === "pattern" ? `'${lock.subject}'` : id.name;
  throw denial("IDENTITY_REVOKED", `let it in again with "interlock locks remove ${subject}", or give it another name`);
}

async function patternLock(revocations: Records["revocations"], name: string): Promise<RevocationRow | undefined> {
  return (await revocations.list("pattern")).find(({ subject }) => matchesIdentity(subject, name));
}

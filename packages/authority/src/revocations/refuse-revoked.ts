import { denial } from "@interlock/bot/internal";
import { matchesIdentity, type SpiffeId } from "@interlock/policy";
import type { RevocationRow } from "../store/schema.js";
import type { Records } from "../store/store.js";

/** Throws `IDENTITY_REVOKED` when a bot is revoked, by its name or by a pattern. */
export async function refuseRevoked({ revocations }: Pick<Records, "revocations">, id: SpiffeId): Promise<void> {
  const found = (await revocations.find("identity", id.uri)) ?? (await findPattern(revocations, id.name));
  if (!found) return;
  const subject = found.kind === "pattern" ? `'${found.subject}'` : id.name;
  throw denial("IDENTITY_REVOKED", `end the revocation with "interlock unrevoke ${subject}", or use another name`);
}

async function findPattern(revocations: Records["revocations"], name: string): Promise<RevocationRow | undefined> {
  return (await revocations.list("pattern")).find(({ subject }) => matchesIdentity(subject, name));
}

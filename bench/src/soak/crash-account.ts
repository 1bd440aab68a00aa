import type { Bot } from "@interlock/bot";
import { AdminService, type AuditRecord } from "@interlock/bot/protocol";
import { createChainVerifier } from "@interlock/policy/audit-log";
import { digest, type Journal } from "./crash-journal.js";

/** The differences between what was acknowledged and what is there, a line for each. */
export interface CrashAccount {
  readonly lost: readonly string[];
  /** Faults of the audit log. */
  readonly faults: readonly string[];
  /** Records in the audit log. */
  readonly records: number;
}

/** Compares what was acknowledged with what is there. */
export async function takeAccount(operator: Bot, address: string, journal: Journal): Promise<CrashAccount> {
  const admin = operator.client(AdminService, address);
  const lost: string[] = [];
  const claim = (there: boolean, what: string) => {
    if (!there) lost.push(what);
  };

  const bots = new Map((await admin.listBots({})).bots.map((bot) => [bot.spiffeId.split("/").slice(3).join("/"), bot]));
  for (const [name, serial] of journal.bots) claim(bots.get(name)?.certificateSerial === serial, `bot ${name}`);

  const invites = new Set((await admin.listJoinTokens({})).joinTokens.map(({ id }) => id));
  for (const [id, kept] of journal.invites) if (kept) claim(invites.has(id), `invitation ${id}`);
  for (const id of journal.uninvited) claim(!invites.has(id), `deletion of invitation ${id}`);

  const latest = await admin.getGrants({ version: 0n });
  const newest = [...journal.grants.keys()].reduce((most, version) => (version > most ? version : most), 0n);
  claim(latest.version >= newest, `grants ${newest} in force`);
  for (const [version, hash] of journal.grants) {
    const there = await admin.getGrants({ version }).catch(() => undefined);
    claim(there !== undefined && digest(there.yaml) === hash, `grants ${version}`);
  }

  const revocations = new Set((await admin.listRevocations({})).revocations.map(({ subject }) => subject?.value));
  for (const subject of journal.revoked) claim(revocations.has(subject), `revoke ${subject}`);
  for (const subject of journal.unrevoked) claim(!revocations.has(subject), `unrevoke ${subject}`);

  const { checkpoint, head } = await admin.listLog({ limit: 1 });
  const position = (at = { seq: 0n, hash: "" }) => ({ seq: Number(at.seq), hash: at.hash });
  const verifier = createChainVerifier({ checkpoint: position(checkpoint), head: position(head) });
  const logged = { token: new Set<string>(), key: new Set<string>() };
  let last = 0n;
  for (;;) {
    const { records } = await admin.listLog({ after: last });
    const upTo = records.filter(({ seq }) => seq <= (head?.seq ?? 0n));
    if (upTo.length === 0) break;
    for (const record of upTo) {
      verifier.add({ ...record, seq: Number(record.seq), at: Number(record.at) });
      note(record, logged);
    }
    last = upTo.at(-1)?.seq as bigint;
  }
  for (const jti of journal.tokens) claim(logged.token.has(jti), `record of token ${jti}`);
  for (const kid of journal.keys) claim(logged.key.has(kid), `record of key ${kid}`);
  return { lost, faults: verifier.finish().map(({ text }) => text), records: Number(last) };
}

function note({ kind, subject, details }: AuditRecord, logged: { token: Set<string>; key: Set<string> }): void {
  if (kind === "token") logged.token.add(String(JSON.parse(details).jti));
  if (kind === "key") logged.key.add(subject);
}

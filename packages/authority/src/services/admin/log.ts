import { isFederatedPattern, isIdentityPattern, matchesIdentity } from "@interlock/policy";
import type { AuditRecord } from "@interlock/policy/audit-log";
import { invalid } from "../invalid.js";
import { maximumPageBytes, sizeOf } from "../page.js";
import type { AdminHandlers, AdminParts } from "./admin-parts.js";
import { nameOf, timeOf } from "./selection.js";

/** The maximum number of records in one answer. */
const maximumListedRecords = 500;

/** The maximum number of records that are compared with a pattern for one answer. */
const maximumLookedUp = 1_000;

/** The maximum number of kinds in one request. */
const maximumKinds = 64;

/** Creates the handler for the audit log. */
export function logHandlers({ store, own }: Pick<AdminParts, "store" | "own">): AdminHandlers<"listLog"> {
  return {
    async listLog({ after, limit, kinds, bot, since, until, latest }) {
      if (kinds.length > maximumKinds) throw invalid(`Give at most ${maximumKinds} kinds.`);
      if (!kinds.every((kind) => /^[a-z-]{1,64}$/.test(kind)))
        throw invalid("A kind is malformed: write for example join.");
      if (bot !== "" && !isIdentityPattern(bot) && !isFederatedPattern(bot))
        throw invalid("The bot is malformed: give a name or an identity pattern.");
      const { checkpoint, head } = await store.auditLog.ends();
      const most = limit === 0 ? maximumListedRecords : Math.min(limit, maximumListedRecords);
      // Beyond the ends there is nothing, whatever the number; a store cannot hold every 64-bit number.
      const end = BigInt(latest ? head.seq + 1 : head.seq);
      const given = latest && after === 0n ? end : after < end ? after : end;
      const from = latest ? Number(given) : Math.max(Number(given), checkpoint.seq);
      const looked = await store.auditLog.look(from, latest ? "back" : "forth", {
        kinds,
        since: timeOf(since),
        until: timeOf(until),
        limit: bot === "" ? most : maximumLookedUp,
      });
      // A subject may be a bare name, too.
      const isMeant = (text: string) => matchesIdentity(bot, nameOf(text, own().trustDomain) || text);
      const matching = looked.records.filter(({ actor, subject }) => bot === "" || isMeant(actor) || isMeant(subject));
      const fitting = fittingOf(matching.slice(0, most));
      const isCut = fitting.length < matching.length;
      const records = fitting.map((record) => ({ ...record, seq: BigInt(record.seq), at: BigInt(record.at) }));
      return {
        records: latest ? records.reverse() : records,
        checkpoint: { ...checkpoint, seq: BigInt(checkpoint.seq) },
        head: { ...head, seq: BigInt(head.seq) },
        lookedAt: BigInt(isCut ? (fitting.at(-1)?.seq ?? from) : looked.at),
      };
    },
  };
}

/** Returns the first of the records: at least one, and as many as fit into a page. */
function fittingOf(records: readonly AuditRecord[]): readonly AuditRecord[] {
  let bytes = 0;
  const over = records.findIndex((record, i) => {
    bytes += sizeOf(record);
    return i > 0 && bytes > maximumPageBytes;
  });
  return over < 0 ? records : records.slice(0, over);
}

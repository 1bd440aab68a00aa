import { InterlockError } from "@interlock/bot";
import type { AuditRecord } from "@interlock/bot/protocol";
import { type AuditPosition, createChainVerifier } from "@interlock/policy/audit-log";
import { Command, InvalidArgumentError } from "commander";
import { asMember, type Session } from "../operator.js";
import type { Output } from "../output.js";
import { paint } from "../output.js";
import { parseCount } from "./options.js";

/** `interlock log`: the audit log. */
export function logCommand(output: Output): Command {
  const log = new Command("log").description("The audit log: what was done in the fleet, and by whom.");
  log
    .command("list")
    .description("List the latest records of the audit log, oldest first.")
    .option("--last <count>", "the number of records", parseCount, 50)
    .addHelpText("after", "\nExample:\n  interlock log list --last 20")
    .action(({ last }: { last: number }) =>
      asMember(async ({ admin }) => {
        const { head } = await ends(admin);
        const records: AuditRecord[] = [];
        for await (const record of recordsOf(admin, Math.max(0, head.seq - last), head.seq)) records.push(record);
        output.result({ ok: true, records }, () => {
          output.table(
            ["NO.", "AT", "KIND", "BY", "SUBJECT", "DETAILS"],
            records.map(({ seq, at, kind, actor, subject, details }) => {
              return [String(seq), new Date(Number(at)).toISOString(), kind, actor, subject, details];
            }),
          );
        });
      }),
    );
  log
    .command("verify")
    .description("Verify that no record of the audit log was changed, removed or moved.")
    .option("--head <number:hash>", "a head that an earlier verify printed", parseHead)
    .addHelpText(
      "after",
      "\nThe command prints the head of the log. Keep it where the authority cannot change it: with it, a later verify\n" +
        "also detects a log that was rewritten completely.\n\nExample:\n  interlock log verify --head 812:5e88…",
    )
    .action(({ head: kept }: { head?: AuditPosition }) => asMember(({ admin }) => verify(output, admin, kept)));
  return log;
}

async function verify(output: Output, admin: Session["admin"], kept?: AuditPosition): Promise<void> {
  const { checkpoint, head } = await ends(admin);
  const verifier = createChainVerifier({ checkpoint, head, kept });
  let records = 0;
  for await (const record of recordsOf(admin, 0, head.seq)) {
    verifier.add({ ...record, seq: Number(record.seq), at: Number(record.at) });
    records++;
  }
  const faults = verifier.finish();
  const line = `${head.seq}:${head.hash}`;
  if (faults.length > 0) {
    const metadata = Object.fromEntries(faults.map(({ seq, kind }) => [String(seq), kind]));
    const text = faults.map((fault) => `  ${fault.text}`).join("\n");
    throw new InterlockError("DATA_LOSS", `The audit log was changed:\n${text}`, { metadata });
  }
  output.result({ ok: true, records, checkpoint, head, keep: line }, () => {
    output.line(`${paint("green", "verified")} ${records} records, the last one:`);
    output.line(`  ${line}`);
  });
}

async function ends({ listLog }: Session["admin"]): Promise<{ checkpoint: AuditPosition; head: AuditPosition }> {
  const { checkpoint, head } = await listLog({ limit: 1 });
  const position = (at = { seq: 0n, hash: "" }) => ({ seq: Number(at.seq), hash: at.hash });
  return { checkpoint: position(checkpoint), head: position(head) };
}

/** Yields the records after `after` up to `last`; newer records are left for the next run. */
async function* recordsOf({ listLog }: Session["admin"], after: number, last: number): AsyncGenerator<AuditRecord> {
  for (let at = after; at < last; ) {
    const { records } = await listLog({ after: BigInt(at) });
    if (records.length === 0) return;
    for (const record of records) if (record.seq <= BigInt(last)) yield record;
    at = Number(records.at(-1)?.seq);
  }
}

function parseHead(text: string): AuditPosition {
  const [, seq, hash] = /^(\d+):([0-9a-f]{64})$/.exec(text) ?? [];
  if (seq === undefined || hash === undefined)
    throw new InvalidArgumentError('Write it as "interlock log verify" prints it: number:hash.');
  return { seq: Number(seq), hash };
}

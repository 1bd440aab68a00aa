import { InterlockError } from "@interlock/bot";
import type { AuditRecord } from "@interlock/bot/protocol";
import { type AuditPosition, auditKinds, createChainVerifier } from "@interlock/policy/audit-log";
import { Command, InvalidArgumentError } from "commander";
import { type FollowOptions, followLog } from "../follow-log.js";
import { asMember, type Session } from "../operator.js";
import type { Output } from "../output.js";
import { paint } from "../output.js";
import { parseCount, parseTime } from "./options.js";
import { parsePattern } from "./usage.js";

/** `interlock log`: the audit log. */
export function logCommand(output: Output): Command {
  const log = new Command("log").description("The audit log: what was done in the fleet, and by which bot.");
  log
    .command("list")
    .description("List the latest records of the audit log, oldest first.")
    .option("--limit <count>", "the number of records, at most 100,000", parseLimit, defaultLimit)
    .option(
      "--kind <kind...>",
      "only records of these kinds, for example join, clone, denials, grants, revoke",
      parseKind,
    )
    .option("--bot <pattern>", "only records by or about a bot: its name, or an identity pattern", parsePattern)
    .option("--since <time>", "only records since then: 2h, 7d, or 2026-01-31T08:00:00Z", parseTime)
    .option("--until <time>", "only records before then", parseTime)
    .addHelpText("after", "\nExample:\n  interlock log list --kind denials clone --bot 'gripper/*' --since 24h")
    .action((options: ListOptions) =>
      asMember(async ({ admin }) => {
        const records = await latestRecords(admin, options);
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
    .command("follow")
    .description(
      "Print new records of the audit log as they are made, until Ctrl-C; with --json, one JSON value a line.",
    )
    .option("--kind <kind...>", "only records of these kinds", parseKind)
    .option("--bot <pattern>", "only records by or about a bot: its name, or an identity pattern", parsePattern)
    .option("--after <number>", "begin after the record with this number. Default: after the last one", parseNumber)
    .addHelpText(
      "after",
      "\nWhile the authority is away the command waits for it, and then goes on after the last record that it printed.\n\n" +
        "Example:\n  interlock log follow --kind denials clone",
    )
    .action((options: FollowOptions) => followLog(output, options));
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
  log
    .command("receipt")
    .description("Verify receipts of calls, which interlock mcp --receipts wrote: with CA certificates alone.")
    .argument("<file>", "a file with one receipt a line")
    .option("--ca <file>", "the CA certificates of that time, PEM. Default: those that this project's operator trusts")
    .addHelpText(
      "after",
      "\nNo authority is asked with --ca.\n\nExample:\n  interlock log receipt receipts.jsonl --ca ca.pem",
    )
    .action(async (file: string, { ca }: { readonly ca?: string }) => {
      const { verifyReceipts } = await import("../verify-receipts.js");
      await verifyReceipts(output, file, ca);
    });
  return log;
}

interface Filter {
  readonly kind?: readonly string[];
  readonly bot?: string;
}

interface ListOptions extends Filter {
  readonly since?: Date;
  readonly until?: Date;
  readonly limit: number;
}

const defaultLimit = 50;
const maximumLimit = 100_000;

/** Reads the latest matching records, in their order. */
async function latestRecords({ listLog }: Session["admin"], options: ListOptions): Promise<AuditRecord[]> {
  const { kind: kinds = [], bot = "", since, until, limit: wanted } = options;
  const parts: AuditRecord[][] = [];
  let count = 0;
  for (let after = 0n; ; ) {
    const most = Math.min(500, wanted - count);
    const answer = await listLog({ after, limit: most, kinds: [...kinds], bot, since, until, latest: true });
    parts.unshift(answer.records);
    count += answer.records.length;
    after = answer.lookedAt;
    if (count >= wanted || after <= (answer.checkpoint?.seq ?? 0n) + 1n) return parts.flat();
  }
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

function parseLimit(text: string): number {
  const count = parseCount(text);
  if (count > maximumLimit)
    throw new InvalidArgumentError(`Give at most ${maximumLimit}; for more, narrow it by --since.`);
  return count;
}

function parseKind(text: string, earlier: readonly string[] = []): string[] {
  const kinds: readonly string[] = auditKinds;
  if (!kinds.includes(text)) throw new InvalidArgumentError(`The kinds are ${kinds.join(", ")}.`);
  return [...earlier, text];
}

function parseNumber(text: string): bigint {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("Give the number of a record.");
  return BigInt(text);
}

function parseHead(text: string): AuditPosition {
  const [, seq, hash] = /^(\d+):([0-9a-f]{64})$/.exec(text) ?? [];
  if (seq === undefined || hash === undefined)
    throw new InvalidArgumentError('Write it as "interlock log verify" prints it: number:hash.');
  return { seq: Number(seq), hash };
}

import { setTimeout as sleep } from "node:timers/promises";
import { InterlockError } from "@interlock/bot";
import type { AuditRecord } from "@interlock/bot/protocol";
import { asMember, isAway, type Session } from "./operator.js";
import { type Output, paint } from "./output.js";

/** What `interlock log follow` prints. */
export interface FollowOptions {
  readonly kind?: readonly string[];
  readonly bot?: string;
  /** The number of the record before the first one. Default: that of the last one. */
  readonly after?: bigint;
}

/** The time between two looks at the log, in milliseconds. */
const periodMs = 1_000;

/**
 * Prints new records of the audit log until Ctrl-C or SIGTERM. The number of the last record that was looked at is all it
 * remembers, so nothing is lost or doubled when the authority was away.
 */
export async function followLog(output: Output, options: FollowOptions): Promise<void> {
  const stopped = new AbortController();
  const stop = () => stopped.abort();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, stop);
  const { signal } = stopped;
  try {
    await asMember(async ({ admin }) => {
      let after = options.after ?? (await ifNotStopped(signal, headOf(admin))) ?? 0n;
      let away = false;
      while (!signal.aborted) {
        try {
          after = await printNew(output, admin, options, after, signal);
          if (away) output.progress("The authority is there again.");
          away = false;
        } catch (thrown) {
          if (signal.aborted) return;
          const error = InterlockError.from(thrown);
          if (!mayPass.has(error.code)) throw thrown;
          const problem = isAway(error) ? "cannot be reached" : "cannot answer for now";
          if (!away) output.progress(`The authority ${problem}, so this waits for it: ${error.message}`);
          away = true;
        }
        await sleep(periodMs, undefined, { signal }).catch(() => {});
      }
    });
  } finally {
    for (const name of ["SIGINT", "SIGTERM"] as const) process.removeListener(name, stop);
  }
}

/** The codes of failures that a later attempt may not have. */
const mayPass: ReadonlySet<string> = new Set(["UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "CANCELLED"]);

/** Prints the records after `after`. Resolves with the number of the last one that was looked at. */
async function printNew(
  output: Output,
  { listLog }: Session["admin"],
  { kind = [], bot = "" }: FollowOptions,
  from: bigint,
  signal: AbortSignal,
): Promise<bigint> {
  let after = from;
  for (;;) {
    const answer = await listLog({ after, kinds: [...kind], bot }, { signal, timeoutMs: 10_000 });
    for (const record of answer.records) print(output, record);
    after = answer.lookedAt;
    if (after >= (answer.head?.seq ?? 0n)) return after;
  }
}

function print(output: Output, record: AuditRecord): void {
  output.result(record, () => {
    const { seq, at, kind, actor, subject, details } = record;
    const head = `${paint("dim", `${seq} ${new Date(Number(at)).toISOString()}`)} ${paint("bold", kind)}`;
    output.line([head, actor, subject, details].join("  ").replaceAll("\n", " "));
  });
}

async function headOf({ listLog }: Session["admin"]): Promise<bigint> {
  return (await listLog({ limit: 1 })).head?.seq ?? 0n;
}

/** Resolves as `work` does; with `undefined` once `signal` aborts. */
function ifNotStopped<T>(signal: AbortSignal, work: Promise<T>): Promise<T | undefined> {
  return Promise.race([
    work,
    new Promise<undefined>((done) => signal.addEventListener("abort", () => done(undefined))),
  ]);
}

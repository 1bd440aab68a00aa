import { type Bot, InterlockError } from "@interlock/bot";
import { AdminService, AuthorityService } from "@interlock/bot/protocol";
import type { Attack, AttackStage } from "../attack.js";
import { codeOf } from "./code-of.js";

const inFlight = 8;
const denials = 50;
const methodLength = 400;

/** What the audit log may grow by in one attack, in bytes. */
const maximumLogBytes = 30_000;

export const reportFlood: Attack = {
  name: "report-flood",
  row: 45,
  title: "reports of 50 denials of 1,500 characters without pause",
  who: "B",
  target: "authority",
  probes: ["token"],
  bots: ["reporter/1", "reporter/2"],
  grants: `
  "reporter/2":
    interlock.authority.v1.AdminService: [log:read, usage:read]
`,
  // The reports of the largest size are refused as malformed; those within bounds are limited.
  allowed: ["0", "3", "8"],
  async run(stage) {
    const { bots, target, signal } = stage;
    const client = (bots[0] as Bot).client(AuthorityService, target.address);
    const answers: Record<string, number> = {};
    let sent = 0;
    async function flood(length: number): Promise<void> {
      while (!signal.aborted) {
        const usage = Array.from({ length: denials }, (_, i) => {
          const method = `${sent}-${i}`.padEnd(length, "x");
          return { method, denial: "SCOPE_MISSING", count: BigInt(i + 1), caller: `spiffe://siege/${"c".repeat(200)}` };
        });
        sent++;
        const code = await codeOf(client.report({ usage }, { timeoutMs: 5_000 }));
        answers[code] = (answers[code] ?? 0) + 1;
      }
    }
    await Promise.all(Array.from({ length: inFlight }, (_, i) => flood(i === 0 ? methodLength : 200)));
    return { sent, answers, problem: (await readLog(stage)) ?? (answers["8"] ? undefined : "nothing was limited") };
  },
};

/** Reads the whole audit log and the whole usage, as an operator does. Returns what is wrong. */
async function readLog({ bots, target }: AttackStage): Promise<string | undefined> {
  const admin = (bots[1] as Bot).client(AdminService, target.address);
  let bytes = 0;
  try {
    const { head } = await admin.listLog({ limit: 1 });
    const last = head?.seq ?? 0n;
    for (let after = 0n; after < last; ) {
      const { records } = await admin.listLog({ after });
      const next = records.at(-1)?.seq;
      if (next === undefined) return "the audit log ends before its head";
      for (const { kind, details } of records) if (kind === "denials") bytes += details.length;
      after = next;
    }
    for (let pageToken = ""; ; ) {
      const { nextPageToken } = await admin.listUsage({ pageToken });
      if (nextPageToken === "") break;
      pageToken = nextPageToken;
    }
  } catch (error) {
    return `the audit log cannot be read: ${InterlockError.from(error).message}`;
  }
  return bytes > maximumLogBytes ? `the audit log grew by ${bytes} bytes` : undefined;
}

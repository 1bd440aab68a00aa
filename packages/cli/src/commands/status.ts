import { InterlockError } from "@interlock/bot";
import { Command } from "commander";
import { asMember, type Session } from "../operator.js";
import { type Output, paint } from "../output.js";
import { loadProfile } from "../state.js";

const dayMs = 24 * 3_600_000;

/** How long before a CA certificate expires `status` reports it, in milliseconds. */
const caNoticeMs = 30 * dayMs;

interface Status {
  readonly authority: string;
  readonly reachable: boolean;
  readonly [more: string]: unknown;
}

/** `interlock status`: the state of the fleet at a glance. */
export function statusCommand(output: Output): Command {
  return new Command("status")
    .description("Show whether the authority is healthy, what expires when, and how many bots belong to the fleet.")
    .addHelpText("after", "\nThe exit code is 1 when there is a problem.\n\nExample:\n  interlock status")
    .action(async () => {
      const { authority } = await loadProfile();
      const asked = await asMember(ask).catch(unreachable);
      const away = asked instanceof InterlockError;
      const status: Status = away ? { authority, reachable: false } : asked;
      const problems = away ? [asked.message] : problemsOf(asked);
      if (problems.length > 0) output.exitCode = 1;
      output.result({ ok: problems.length === 0, ...status, problems }, () => {
        const rows = Object.entries(status).map(([key, value]) => [
          words(key),
          value instanceof Date ? value.toISOString() : String(value),
        ]);
        output.table(["STATUS", ""], rows);
        for (const problem of problems) output.line(`${paint("red", "problem")} ${problem}`);
        if (problems.length === 0) output.line(paint("green", "all is well"));
      });
    });
}

/** Returns the error of an unreachable authority, which is a status. Throws any other error again. */
function unreachable(error: unknown): InterlockError {
  if (error instanceof InterlockError && error.code === "UNAVAILABLE") return error;
  throw error;
}

type WellStatus = Awaited<ReturnType<typeof ask>>;

async function ask({ admin, bot, authority }: Session) {
  const status = await admin.getStatus({});
  const { trustDomain, trustVersion, staleAfterSeconds, caExpiresAt, certificateExpiresAt } = status;
  return {
    authority,
    reachable: true,
    trustDomain,
    trustVersion,
    staleAfterSeconds,
    stale: bot.trust.isStale(),
    caExpiresAt,
    authorityCertificateExpiresAt: certificateExpiresAt,
    operator: bot.name,
    operatorCertificateExpiresAt: new Date(bot.identity.current().leaf.notAfter),
    bots: status.bots,
    botsConnected: status.botsConnected,
    revocations: status.revocations,
  };
}

function problemsOf({ stale, caExpiresAt, authorityCertificateExpiresAt }: WellStatus): string[] {
  const left = (at: Date | undefined) => (at?.getTime() ?? 0) - Date.now();
  const problems: string[] = [];
  if (stale) problems.push("The trust is stale: the authority answers, but its trust feed is silent. Look at its log.");
  if (left(caExpiresAt) < caNoticeMs) {
    const days = Math.max(0, Math.floor(left(caExpiresAt) / dayMs));
    problems.push(
      `A CA certificate expires in ${days} days. Bots can neither join nor call after that: see "interlock ca show".`,
    );
  }
  if (left(authorityCertificateExpiresAt) <= 0) {
    problems.push("The authority's own certificate has expired: look at its log, then restart it.");
  }
  return problems;
}

/** Splits a name such as `caExpiresAt` into words. */
function words(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replace(/^ca /, "CA ");
}

import { InterlockError } from "@interlock/bot";
import { Command } from "commander";
import { asMember, type Session } from "../operator.js";
import { type Output, paint } from "../output.js";
import { loadProfile } from "../state.js";

const dayMs = 24 * 3_600_000;

/** How long before its end a CA certificate is told of, in milliseconds. */
const caNoticeMs = 30 * dayMs;

interface Status {
  readonly authority: string;
  readonly reachable: boolean;
  readonly [more: string]: unknown;
}

/** `interlock status`: how the fleet is, in one look. */
export function statusCommand(output: Output): Command {
  return new Command("status")
    .description("Say whether the authority is well, what runs out when, and how many belong to the fleet.")
    .addHelpText("after", "\nExits with 1 when something is not as it should be.\n\nExample:\n  interlock status")
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

/** That it cannot be reached is an answer; anything else is a failure of the command. */
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
    locks: status.locks,
  };
}

function problemsOf({ stale, caExpiresAt, authorityCertificateExpiresAt }: WellStatus): string[] {
  const left = (at: Date | undefined) => (at?.getTime() ?? 0) - Date.now();
  const problems: string[] = [];
  if (stale) problems.push("The trust is stale: the authority answers, and its trust feed says nothing.");
  if (left(caExpiresAt) < caNoticeMs) {
    const days = Math.max(0, Math.floor(left(caExpiresAt) / dayMs));
    problems.push(`A CA certificate runs out in ${days} days: nobody can join or call after that.`);
  }
  if (left(authorityCertificateExpiresAt) <= 0) {
    problems.push("The authority's own certificate has run out: look at its log, then start it again.");
  }
  return problems;
}

/** `caExpiresAt` as words. */
function words(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replace(/^ca /, "CA ");
}

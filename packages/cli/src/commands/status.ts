import { InterlockError } from "@interlock/bot";
import type { Federation } from "@interlock/bot/protocol";
import { Command } from "commander";
import { allPages } from "../all-pages.js";
import { span } from "../dashboard/model/format.js";
import { isLate, type KnownBot, readKnownBots } from "../known-bots.js";
import { asMember, isAway, type Session } from "../operator.js";
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
      const asked = await asMember(ask).catch(unavailable);
      const failed = asked instanceof InterlockError;
      const status: Status = failed ? { authority, reachable: !isAway(asked) } : asked;
      const problems = failed ? [asked.message] : problemsOf(asked);
      if (problems.length > 0) output.exitCode = 1;
      output.result({ ok: problems.length === 0, ...status, problems }, () => {
        const rows = Object.entries(status).map(([key, value]) => [words(key), shown(value)]);
        output.table(["STATUS", ""], rows);
        for (const problem of problems) output.line(`${paint("red", "problem")} ${problem}`);
        if (problems.length === 0) output.line(paint("green", "all is well"));
      });
    });
}

/** Returns the error of an authority that is away, or that cannot answer for now: that is a status. Throws any other error again. */
function unavailable(error: unknown): InterlockError {
  if (error instanceof InterlockError && error.code === "UNAVAILABLE") return error;
  throw error;
}

type WellStatus = Awaited<ReturnType<typeof ask>>;

async function ask({ admin, bot, authority }: Session) {
  const [status, known] = [await admin.getStatus({}), await readKnownBots(admin, new Date())];
  const federations = await allPages(admin.listFederations, (answer) => answer.federations).catch(ofEarlierRelease);
  const members = known.filter(({ state }) => state === "member");
  members.sort((a, b) => timeOf(a) - timeOf(b));
  const [next] = members;
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
    botsOnline: members.filter(({ online }) => online).length,
    nextCertificateToExpire: next && { name: next.name, expiresAt: next.bot.certificateExpiresAt },
    notRenewed: members.filter((member) => member.online && isLate(member.bot, new Date())).map(({ name }) => name),
    revocations: status.revocations,
    bundlesNotFetched: federations
      .filter(({ failedAt, revokedAt }) => failedAt && !revokedAt)
      .map(({ trustDomain }) => trustDomain),
  };
}

/** An authority of an earlier release knows of no federation. Throws any other error again. */
function ofEarlierRelease(error: unknown): Federation[] {
  if (InterlockError.from(error).code === "UNIMPLEMENTED") return [];
  throw error;
}

function timeOf({ bot: { certificateExpiresAt } }: KnownBot): number {
  return certificateExpiresAt?.getTime() ?? 0;
}

/** A value for people: a time with the span until then. */
function shown(value: unknown): string {
  if (value instanceof Date) return `${value.toISOString()} (${until(value)})`;
  if (Array.isArray(value)) return value.join(", ") || "none";
  if (typeof value !== "object" || value === null) return String(value ?? "none");
  const { name, expiresAt } = value as { name: string; expiresAt: Date | undefined };
  return `${name}, ${expiresAt ? shown(expiresAt) : ""}`;
}

function until(at: Date): string {
  const left = at.getTime() - Date.now();
  return left > 0 ? `in ${span(left)}` : `${span(-left)} ago`;
}

/** The names that a problem lists; how many more there are is said. */
const listedAtMost = 5;

function problemsOf(status: WellStatus): string[] {
  const { stale, caExpiresAt, authorityCertificateExpiresAt, notRenewed, bundlesNotFetched } = status;
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
  if (notRenewed.length > 0) {
    problems.push(`${some(notRenewed)}: online, and the certificate is not renewed. Look at the log of that bot.`);
  }
  if (bundlesNotFetched.length > 0) {
    problems.push(`${some(bundlesNotFetched)}: the bundle cannot be fetched. See "interlock federation show".`);
  }
  return problems;
}

function some(names: readonly string[]): string {
  const others = names.length > listedAtMost ? ` and ${names.length - listedAtMost} others` : "";
  return `${names.slice(0, listedAtMost).join(", ")}${others}`;
}

/** Splits a name such as `caExpiresAt` into words. */
function words(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replace(/^ca /, "CA ");
}

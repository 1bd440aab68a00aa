import type { Usage, UsageDay } from "@interlock/bot/protocol";
import { isFederatedPattern, isIdentityPattern } from "@interlock/policy";
import { Command, InvalidArgumentError } from "commander";
import { isNamed } from "../is-named.js";
import { nameOf, trustDomainOf } from "../name-of.js";
import { asMember, type Session } from "../operator.js";
import type { Output } from "../output.js";
import { paint } from "../output.js";
import { parseCount, parseTime } from "./options.js";

interface Options {
  readonly bot?: string;
  readonly service?: string;
  readonly method?: string;
  readonly since?: Date;
  readonly denied?: boolean;
  readonly days?: boolean;
  readonly limit?: number;
}

/** How many rows are shown to a person by default. With `--json`, all of them are written. */
const defaultShown = 100;

/** `interlock usage`: which bot called what, and which calls were denied. */
export function usageCommand(output: Output): Command {
  return new Command("usage")
    .description("Show which bot called which method, which calls were denied and why, and when first and last.")
    .option("--bot <pattern>", "only calls to, from or through a bot: its name, or an identity pattern", parsePattern)
    .option("--service <name>", "only calls to a service; the package may be omitted")
    .option("--method <name>", "only calls to a method, Service/Method; the package may be omitted", parseMethod)
    .option("--since <time>", "only what happened since then: 2h, 7d, or 2026-01-31T08:00:00Z", parseTime)
    .option("--denied", "only denials")
    .option("--days", "the counts of each day in UTC; --since then includes the whole day")
    .option(
      "--limit <count>",
      `the number of rows, the latest. Default: ${defaultShown}, and all with --json`,
      parseCount,
    )
    .addHelpText(
      "after",
      "\nVIA names the bots that acted for the caller, the one that called first.\n\n" +
        "Examples:\n  interlock usage --denied --since 24h\n  interlock usage --days --since 7d --bot 'gripper/*'",
    )
    .action((options: Options) =>
      asMember(async ({ admin }) => {
        const limit = options.limit ?? (output.json ? Number.POSITIVE_INFINITY : defaultShown);
        if (options.days) {
          const { rows: days, total } = await latestDays(admin, options, limit);
          output.result({ ok: true, total, days }, () => printDays(output, days, total));
        } else {
          const { rows: usage, total } = await latestUsage(admin, options, limit);
          output.result({ ok: true, total, usage }, () => print(output, usage, total));
        }
      }),
    );
}

type Admin = Session["admin"];

interface Latest<Row> {
  readonly rows: readonly Row[];
  /** How many there are, with those that are not shown. */
  readonly total: number;
}

function latestUsage(admin: Admin, options: Options, limit: number): Promise<Latest<Usage>> {
  const order = (a: Usage, b: Usage) => (b.lastAt?.getTime() ?? 0) - (a.lastAt?.getTime() ?? 0) || byKey(a, b);
  const page = async (pageToken: string) => {
    const { usage: rows, nextPageToken } = await admin.listUsage({ pageToken, ...selectionOf(options) });
    return { rows, nextPageToken };
  };
  return latest(page, calledAs(options), order, limit);
}

function latestDays(admin: Admin, options: Options, limit: number): Promise<Latest<UsageDay>> {
  const order = (a: UsageDay, b: UsageDay) => (a.day > b.day ? -1 : Number(a.day < b.day)) || byKey(a, b);
  const page = async (pageToken: string) => {
    const { days: rows, nextPageToken } = await admin.listUsageDays({ pageToken, ...selectionOf(options) });
    return { rows, nextPageToken };
  };
  return latest(page, calledAs(options), order, limit);
}

/** The authority knows methods by their full names only; rows of a name without its package are chosen here. */
function selectionOf({ bot = "", service, method, since, denied = false }: Options) {
  const full = (name = "") => (name.includes(".") ? name : "");
  return { bot, service: full(service), method: full(method), since, denied };
}

/** Reads every page, and keeps the first rows in an order. */
async function latest<Row>(
  read: (pageToken: string) => Promise<{ readonly rows: readonly Row[]; readonly nextPageToken: string }>,
  isMeant: (row: Row) => boolean,
  order: (a: Row, b: Row) => number,
  limit: number,
): Promise<Latest<Row>> {
  let rows: Row[] = [];
  let total = 0;
  let pageToken = "";
  do {
    const page = await read(pageToken);
    for (const row of page.rows) {
      if (!isMeant(row)) continue;
      total++;
      rows.push(row);
    }
    // Rows that cannot be shown are dropped page by page, so memory stays bounded by the limit.
    if (rows.length > limit) rows = rows.sort(order).slice(0, limit);
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  return { rows: rows.sort(order), total };
}

/** Whether a row is of the service and the method that the options name, with or without the package. */
function calledAs({ service, method }: Options): (row: Usage | UsageDay) => boolean {
  return (row) => {
    const path = row.method.replace(/^\//, "");
    if (method !== undefined && !isNamed(path, method)) return false;
    return service === undefined || isNamed(path.slice(0, path.indexOf("/")), service);
  };
}

/** Orders rows of the same time by their key, so that the order is always the same. */
function byKey(a: Usage | UsageDay, b: Usage | UsageDay): number {
  const [x, y] = [keyOf(a), keyOf(b)];
  return x < y ? -1 : Number(x > y);
}

function keyOf({ spiffeId, method, caller, actors, denial }: Usage | UsageDay): string {
  return [spiffeId, method, caller, ...actors, denial].join("\n");
}

function print(output: Output, usage: readonly Usage[], total: number): void {
  const rows = usage.map((row) => [row.lastAt?.toISOString() ?? "", row.firstAt?.toISOString() ?? "", ...cellsOf(row)]);
  printTable(output, ["LAST", "FIRST"], rows, total);
}

function printDays(output: Output, days: readonly UsageDay[], total: number): void {
  const rows = days.map((row) => [row.day, ...cellsOf(row)]);
  printTable(output, ["DAY"], rows, total);
}

function printTable(
  output: Output,
  times: readonly string[],
  rows: readonly (readonly string[])[],
  total: number,
): void {
  if (total === 0) {
    output.line("No calls are on record that match.");
    return;
  }
  output.table([...times, "COUNT", "CALLER", "VIA", "BOT", "METHOD", "DENIED"], rows);
  if (total > rows.length) output.line(paint("dim", `${total - rows.length} more: --limit ${total} shows them all.`));
}

function cellsOf({ count, caller, actors, spiffeId, method, denial }: Usage | UsageDay): string[] {
  const via = actors.map((actor) => nameOf(actor)).join(" ") || "-";
  return [
    String(count),
    nameOf(caller, trustDomainOf(spiffeId)) || "-",
    via,
    nameOf(spiffeId),
    method || "(connection)",
    denial,
  ];
}

/** Reads the name of a bot or an identity pattern. */
export function parsePattern(text: string): string {
  if (!isIdentityPattern(text) && !isFederatedPattern(text))
    throw new InvalidArgumentError("Write a name or a pattern, for example 'worker/*'.");
  return text;
}

function parseMethod(text: string): string {
  const method = text.replace(/^\//, "");
  if (!/^[\w.]+\/\w+$/.test(method))
    throw new InvalidArgumentError("Write it as Service/Method or package.Service/Method.");
  return method;
}

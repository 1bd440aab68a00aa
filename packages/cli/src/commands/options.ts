import { readFileSync } from "node:fs";
import { InterlockError } from "@interlock/bot";
import { InvalidArgumentError } from "commander";

/** Reads a TCP port; 0 stands for any free port. */
export function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new InvalidArgumentError("A port is 0 to 65535.");
  return port;
}

/** Reads a whole number above zero. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (!(Number.isInteger(count) && count > 0)) throw new InvalidArgumentError("Give a whole number above zero.");
  return count;
}

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/** Reads a time: how long ago (`90s`, `15m`, `2h`, `7d`, `2w`), or a date of ISO 8601. */
export function parseTime(text: string): Date {
  const ago = readSpan(text);
  if (ago !== undefined) return new Date(Date.now() - ago);
  const date = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)?)?$/.test(text)
    ? new Date(text)
    : undefined;
  if (date === undefined || Number.isNaN(date.getTime()))
    throw new InvalidArgumentError(
      "Write how long ago, for example 2h or 7d, or a date, for example 2026-01-31T08:00:00Z.",
    );
  return date;
}

/** Reads a duration, such as 90m, 12h or 30d, in milliseconds; 0 needs no unit. */
export function parseDuration(text: string): number {
  const ms = text === "0" ? 0 : readSpan(text);
  if (ms === undefined) throw new InvalidArgumentError("Give a whole number with a unit: 45s, 90m, 12h or 30d.");
  return ms;
}

/** Reads a duration above zero, such as a window, in milliseconds. */
export function parseWindow(text: string): number {
  const ms = parseDuration(text);
  if (ms === 0) throw new InvalidArgumentError("Give more than 0, for example 30d or 12h.");
  return ms;
}

/** Reads a duration above zero, in seconds. */
export function parseSeconds(text: string): number {
  const ms = parseDuration(text);
  if (ms === 0) throw new InvalidArgumentError("Give more than 0, for example 30s or 15m.");
  return ms / 1_000;
}

/** Reads a number with its unit, in milliseconds; six digits are at most 19,000 years, which a date can hold. */
function readSpan(text: string): number | undefined {
  const [, count, unit] = /^(\d{1,6})([smhdw])$/.exec(text) ?? [];
  return count === undefined ? undefined : Number(count) * unitMs[unit as keyof typeof unitMs];
}

/** The lifetimes of certificates that an operator has chosen. */
export interface CertificateTtls {
  readonly leafTtlMs?: number;
  /** By identity pattern. */
  readonly leafTtlsMs: Readonly<Record<string, number>>;
}

/** Reads one more lifetime of certificates: a duration for every bot, or for those that a pattern matches, `robot/*=72h`. */
export function parseCertificateTtl(text: string, before: CertificateTtls = { leafTtlsMs: {} }): CertificateTtls {
  const equals = text.lastIndexOf("=");
  const ttlMs = parseDuration(text.slice(equals + 1));
  if (equals < 0) return { ...before, leafTtlMs: ttlMs };
  return { ...before, leafTtlsMs: { ...before.leafTtlsMs, [text.slice(0, equals)]: ttlMs } };
}

/**
 * Returns the URL of the PostgreSQL store: the given one, INTERLOCK_STORE, which no process list shows, or the content of the
 * file that INTERLOCK_STORE_FILE names, which no list of environments shows either.
 */
export function storeUrl(given: string | undefined): string | undefined {
  const { INTERLOCK_STORE: url, INTERLOCK_STORE_FILE: file } = process.env;
  if (given !== undefined || url || !file) return given ?? (url || undefined);
  try {
    return readFileSync(file, "utf8").trim();
  } catch (cause) {
    throw new InterlockError("NOT_FOUND", `${file} cannot be read: name an existing file in INTERLOCK_STORE_FILE.`, {
      cause,
    });
  }
}

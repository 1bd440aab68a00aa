/** A time in a sentence, to the minute, in UTC: `2026-05-12 11:58 UTC`; also one from elsewhere that is none. */
export function timeText(at: number): string {
  if (Number.isNaN(new Date(at).getTime())) return "a time that is none";
  return `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** The day of a time, in UTC: `2026-05-12`. */
export function dayText(at: number): string {
  if (Number.isNaN(new Date(at).getTime())) return "a day that is none";
  return new Date(at).toISOString().slice(0, 10);
}

/** A span of days, or of smaller units below two days: `30 days`, `12 hours`, `5 minutes`; `0 seconds` for a negative one. */
export function spanText(ms: number): string {
  const [count, unit] =
    ms >= 172_800_000
      ? [ms / 86_400_000, "day"]
      : ms >= 7_200_000
        ? [ms / 3_600_000, "hour"]
        : ms >= 120_000
          ? [ms / 60_000, "minute"]
          : [Math.max(0, ms) / 1_000, "second"];
  return plural(Math.floor(count), unit);
}

/** A number with its noun: `1 bot`, `12,000 calls`. */
export function plural(count: number, noun: string): string {
  return `${`${count}`.replace(/\B(?=(\d{3})+$)/g, ",")} ${noun}${count === 1 ? "" : "s"}`;
}

/** Names in a sentence, each once, the first three: `a, b, c and 2 more`. */
export function listText(names: Iterable<string>, most = 3): string {
  const all = [...new Set(names)];
  const more = all.length - most;
  return more > 0 ? `${all.slice(0, most).join(", ")} and ${more} more` : all.join(", ");
}

/** Makes a sentence of a clause: it begins with a capital, and ends with a period where it has no mark of its own. */
export function sentence(clause: string): string {
  return `${clause.charAt(0).toUpperCase()}${clause.slice(1)}${/[.!?]$/.test(clause) ? "" : "."}`;
}

/** Orders texts by their code units, for `sort`. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

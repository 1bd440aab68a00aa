/**
 * Returns the beginning of a period by name, in milliseconds since the epoch, in UTC: `last-quarter` and `last-month` are the
 * calendar quarter and month before the current one; `undefined` for another name.
 */
export function periodStart(name: string, now: number): number | undefined {
  const today = new Date(now);
  const [year, month] = [today.getUTCFullYear(), today.getUTCMonth()];
  if (name === "last-month") return Date.UTC(year, month - 1, 1);
  if (name === "last-quarter") return Date.UTC(year, Math.floor(month / 3) * 3 - 3, 1);
  return undefined;
}

const dayMs = 86_400_000;

/** The first millisecond of the day in UTC that a time is in, and of the next day; all in milliseconds since the epoch. */
export function utcDayOf(at: number): { readonly begin: number; readonly end: number } {
  const begin = Math.floor(at / dayMs) * dayMs;
  return { begin, end: begin + dayMs };
}

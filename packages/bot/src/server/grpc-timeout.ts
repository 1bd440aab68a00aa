const milliseconds: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };
const form = /^(\d{1,8})([HMSmun])$/;

/** The longest deadline that timers of Node can keep: 24.8 days. */
const longestMs = 2 ** 31 - 1;

/** The milliseconds in a `grpc-timeout` header; `undefined` where it is malformed. */
export function readTimeout(header: string): number | undefined {
  const [, digits, unit] = form.exec(header) ?? [];
  return unit === undefined ? undefined : Number(digits) * (milliseconds[unit] as number);
}

/** Whether a deadline is so far away that it is none: grpc-js would take it for one in the past. */
export function isTooLong(timeoutMs: number): boolean {
  return timeoutMs > longestMs;
}

/**
 * The longest deadline that a timer of Node keeps, in milliseconds: 24.8 days. A timer that is set for longer fires at once, so
 * a call with a longer timeout has no timer. `grpc-timeout` can say up to 11,000 years.
 */
export const longestTimerMs = 2 ** 31 - 1;

/** The units, the finest first. One of a unit is `ms / per` milliseconds; both are integers, so that nothing is rounded twice. */
const units = [
  { name: "n", ms: 1, per: 1_000_000 },
  { name: "u", ms: 1, per: 1_000 },
  { name: "m", ms: 1, per: 1 },
  { name: "S", ms: 1_000, per: 1 },
  { name: "M", ms: 60_000, per: 1 },
  { name: "H", ms: 3_600_000, per: 1 },
];

const unitsByName = new Map(units.map((unit) => [unit.name, unit]));

const maximumDigits = 8;
const largest = 10 ** maximumDigits - 1;

/**
 * Reads the value of `grpc-timeout` (PROTOCOL-HTTP2, "Timeout"). Zero is taken, although the grammar has positive integers
 * only: grpc-go sends it where the deadline has passed.
 *
 * @returns Milliseconds, which may be a fraction, or more than {@link longestTimerMs}; `undefined` where it is malformed.
 */
export function parseTimeout(value: string): number | undefined {
  const digits = value.length - 1;
  const unit = unitsByName.get(value.charAt(digits));
  if (!unit || digits < 1 || digits > maximumDigits) return undefined;
  let amount = 0;
  for (let at = 0; at < digits; at++) {
    const digit = value.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    amount = amount * 10 + digit;
  }
  return (amount * unit.ms) / unit.per;
}

/**
 * Writes a value of `grpc-timeout`, in the finest unit in which it has at most 8 digits.
 *
 * It is rounded down, by less than a nanosecond or a part in 100,000: the callee gives up no later than the caller does, and
 * along a chain of calls a deadline only comes nearer. A timeout that has passed is `1n`, since the grammar has no zero.
 *
 * @param ms - Milliseconds, which may be a fraction.
 */
export function formatTimeout(ms: number): string {
  if (!(ms > 0)) return "1n";
  for (const unit of units) {
    const amount = Math.floor((ms * unit.per) / unit.ms);
    if (amount <= largest) return `${Math.max(1, amount)}${unit.name}`;
  }
  return `${largest}H`;
}

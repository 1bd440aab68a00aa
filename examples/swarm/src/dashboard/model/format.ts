/** Minutes and seconds: `1:05`; whole hours or days for long times: `23 h`. */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds >= 2 * 86_400) return `${Math.floor(seconds / 86_400)} d`;
  if (seconds >= 2 * 3_600) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 60)}:${`${seconds % 60}`.padStart(2, "0")}`;
}

/** A time span since an event: `4 s`, `2:05`; with this number of digits after the decimal point. */
export function ago(ms: number, digits = 0): string {
  return ms < 60_000 ? `${(Math.max(0, ms) / 1_000).toFixed(digits)} s` : clock(ms);
}

/** A duration: `3.1 s`, `42 ms`. */
export function took(ms: number): string {
  return ms >= 1_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms)} ms`;
}

/** A large number with thin spaces: `12 345`. */
export function count(value: number): string {
  return `${value}`.replace(/\B(?=(\d{3})+$)/g, " ");
}

/** `/package.v1.Service/Method` without the package. */
export function shortMethod(path: string): string {
  return path.replace(/^\/(?:[^/]*\.)?/, "");
}

/** A fencing token as its epoch and its count in that epoch: `3·17`. */
export function shortLease(lease: string): string {
  const token = BigInt(lease);
  return `${token >> 32n}·${token & 0xffff_ffffn}`;
}

/** `1 robot`, `2 robots`. */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

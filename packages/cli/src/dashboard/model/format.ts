/** A span of time, in its largest unit: `42 s`, `5 min`, `7 h`, `12 d`. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 2 * 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 2 * 86_400) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** A large number with thin spaces: `12 345`. */
export function count(value: number): string {
  return `${value}`.replace(/\B(?=(\d{3})+$)/g, "\u2009");
}

/** `package.v1.Service/Method` without the package. */
export function shortMethod(path: string): string {
  return path.replace(/^\/?(?:[^/]*\.)?/, "");
}

/** A SPIFFE ID without its trust domain. */
export function shortName(uri: string): string {
  return uri.replace(/^spiffe:\/\/[^/]*\//, "");
}

/** The name of a caller of a bot: within its trust domain, or, for one of another trust domain, its whole SPIFFE ID. */
export function callerName(caller: string, bot: string): string {
  const [, , trustDomain = ""] = bot.split("/");
  return caller.startsWith(`spiffe://${trustDomain}/`) ? shortName(caller) : caller;
}

/** A time of day, with the date when it is not of today. */
export function moment(at: number, now: number): string {
  const time = new Date(at);
  const clock = time.toTimeString().slice(0, 8);
  return new Date(now).toDateString() === time.toDateString() ? clock : `${isoDate(time)} ${clock}`;
}

function isoDate(time: Date): string {
  const two = (value: number) => `${value}`.padStart(2, "0");
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
}

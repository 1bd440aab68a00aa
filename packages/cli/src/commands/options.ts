import { InvalidArgumentError } from "commander";

/** Reads a TCP port; 0 stands for any free port. */
export function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new InvalidArgumentError("A port is 0 to 65535.");
  return port;
}

/** Reads a number of seconds above zero. */
export function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!(Number.isInteger(seconds) && seconds > 0)) throw new InvalidArgumentError("Give a whole number of seconds.");
  return seconds;
}

/** Reads a whole number above zero. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (!(Number.isInteger(count) && count > 0)) throw new InvalidArgumentError("Give a whole number above zero.");
  return count;
}

/** Returns the URL of the PostgreSQL store: the given one, or INTERLOCK_STORE, which no process list shows. */
export function storeUrl(given: string | undefined): string | undefined {
  return given ?? (process.env.INTERLOCK_STORE || undefined);
}

import { checkTarget } from "../base/address.js";
import { InterlockError } from "../base/error.js";
import { maximumTried } from "./first-serving.js";

/** Checks the addresses that a client is given: 1 to 16, each once. Throws `INVALID_ARGUMENT` that says what is wrong. */
export function checkAddresses(given: string | readonly string[]): readonly string[] {
  const addresses = [...new Set([given].flat().map((text) => socketPath(text) ?? checkTarget(text)))];
  if (addresses.length > 0 && addresses.length <= maximumTried) return addresses;
  throw new InterlockError(
    "INVALID_ARGUMENT",
    `A client takes 1 to ${maximumTried} addresses, not ${addresses.length}.`,
  );
}

/** The longest path of a Unix socket that every system takes, in bytes: macOS has 104 with the NUL at its end. */
const longestPath = 103;

/** The address of a Unix socket, `unix:/path` or `unix:///path`; `undefined` for any other. */
function socketPath(text: unknown): string | undefined {
  const path = typeof text === "string" ? /^unix:(?:\/\/)?(\/[^\0]+)$/.exec(text)?.[1] : undefined;
  if (path === undefined) return undefined;
  if (Buffer.byteLength(path) <= longestPath) return `unix:${path}`;
  throw new InterlockError(
    "INVALID_ARGUMENT",
    `The path of a Unix socket has at most ${longestPath} bytes: choose another.`,
  );
}

import { formatAddress, isLoopback, readAddress } from "@interlock/bot/internal";

/** A place on this machine: the path of a Unix socket, or a port of loopback. */
export type LocalAddress = { readonly path: string } | { readonly host: string; readonly port: number };

/** The longest path of a Unix socket that every system takes, in bytes: macOS has 104 with the NUL at its end. */
const longestPath = 103;

/**
 * Reads `unix:///path` or a port of loopback, `127.0.0.1:50051`.
 *
 * @throws An `Error` that says what is wrong, and what to write.
 *
 * @example
 * ```ts
 * readLocalAddress("unix:///run/vision/program.sock"); // { path: "/run/vision/program.sock" }
 * ```
 */
export function readLocalAddress(text: string): LocalAddress {
  const path = /^unix:(?:\/\/)?(\/[^\0]*[^\0/])$/.exec(text)?.[1];
  if (path !== undefined) {
    if (Buffer.byteLength(path) <= longestPath) return { path };
    throw new Error(`the path of a Unix socket has at most ${longestPath} bytes: choose a shorter one`);
  }
  if (text.startsWith("unix:")) throw new Error("a Unix socket needs an absolute path: write unix:///path/of/the.sock");
  const { host, port } = readAddress(text);
  if (isLoopback(host)) return { host, port };
  throw new Error(`${host} is reached from other machines, without TLS: write unix:///path, or 127.0.0.1:${port}`);
}

/** Writes a local address as it is read. */
export function formatLocalAddress(address: LocalAddress): string {
  return "path" in address ? `unix://${address.path}` : formatAddress(address);
}

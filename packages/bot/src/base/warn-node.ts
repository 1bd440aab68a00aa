import type { Log } from "./log.js";

let warned = false;

/**
 * Warns once a process where this Node has a fault that a peer can use. From 23 on, it ends the process when it converts a
 * certificate with an EC key on a curve without a NIST name. Interlock's own connections keep it from doing so; connections
 * that a program makes by itself do not.
 */
export function warnOfNode(log: Log, version: string = process.versions.node): void {
  const [major = 0] = version.split(".").map(Number);
  if (warned || major < 23) return;
  warned = true;
  log.warn(
    "this Node ends when a TLS server of another library shows an EC key on an unnamed curve; prefer Node 20 or 22",
    {
      node: version,
    },
  );
}

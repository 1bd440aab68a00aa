import type { Scan, ScannedPort } from "./scan.js";

/** The maximum number of ports in a scan that is read. */
const maximumPorts = 65_536;

/**
 * Reads the result of a scan from JSON: a `Scan`, or an object with a `Scan` as its `scan`, as `interlock scan --json` writes it.
 * Throws an error that says what is wrong with it.
 */
export function parseScan(json: string): Scan {
  const value = JSON.parse(json) as Record<string, unknown> | null;
  const scan = (value?.scan ?? value) as Partial<Scan> | null;
  if (typeof scan !== "object" || scan === null) throw new Error("it is no object");
  const { startedAt, endedAt, targets, ports } = scan;
  if (typeof startedAt !== "number" || typeof endedAt !== "number") throw new Error("it has no times");
  if (!isTexts(targets)) throw new Error("it has no targets");
  if (!Array.isArray(ports)) throw new Error("it has no ports");
  if (ports.length > maximumPorts) throw new Error(`it has more than ${maximumPorts} ports`);
  for (const [i, port] of ports.entries()) if (!isPort(port)) throw new Error(`port ${i + 1} is incomplete`);
  return scan as Scan;
}

function isPort(value: unknown): value is ScannedPort {
  const port = value as Partial<ScannedPort> | null;
  if (typeof port?.address !== "string" || typeof port.protocol !== "string") return false;
  if (typeof port.answersWithoutToken !== "string") return false;
  if (![port.open, port.services, port.sentences].every(isTexts)) return false;
  return port.tls === undefined || isTexts(port.tls?.versions);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((text) => typeof text === "string");
}

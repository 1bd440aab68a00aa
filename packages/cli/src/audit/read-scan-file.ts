import { parseScan, type Scan } from "@interlock/audit";
import { InterlockError } from "@interlock/bot";
import { readBounded } from "./read-bounded.js";

/** The maximum size of the result of a scan, in bytes. */
const maximumBytes = 67_108_864;

/** Reads what `interlock scan --json` has written. */
export async function readScanFile(path: string): Promise<Scan> {
  const json = await readBounded(path, maximumBytes, "result of a scan");
  try {
    return parseScan(json);
  } catch (cause) {
    const problem = `${path} is no result of a scan: ${(cause as Error).message}`;
    throw new InterlockError("INVALID_ARGUMENT", `${problem}; write it with "interlock scan … --out ${path}".`, {
      cause,
    });
  }
}

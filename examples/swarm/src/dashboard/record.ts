import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { readFile } from "node:fs/promises";
import type { Entry } from "./model/entry.js";

/** The writer of a run's record. */
export interface RunRecord {
  write(entry: Entry): void;
  close(): Promise<void>;
}

/** Starts a record in a file with mode 0600. Rejects when the file cannot be written. */
export async function createRecord(path: string): Promise<RunRecord> {
  const stream = createWriteStream(path, { mode: 0o600 });
  await once(stream, "open");
  // A disk that fills up later does not stop the dashboard; the written part can be replayed.
  stream.on("error", (error) => process.emitWarning(`${path}: ${error.message}`));
  return {
    write: (entry) => void stream.write(`${JSON.stringify(entry)}\n`),
    close: () => new Promise((resolve) => stream.end(resolve)),
  };
}

/**
 * Reads a record, and checks the parts that a player needs. It ignores a last line that was cut off when the run was killed.
 * Rejects with an `Error` that names the line.
 */
export async function readRecord(path: string): Promise<Entry[]> {
  const lines = (await readFile(path, "utf8")).split("\n");
  const cut = lines.pop();
  if (lines.length === 0) throw new Error(`${path}: no record of a run${cut ? ", as it has not one whole line" : ""}.`);
  const entries = lines.map((line, i) => {
    const entry = parse(line);
    if (!entry) throw new Error(`${path}:${i + 1}: no entry of a record.`);
    return entry;
  });
  if (entries[0]?.kind !== "plan") throw new Error(`${path}:1: a record begins with the plan of the floor.`);
  return entries;
}

function parse(line: string): Entry | undefined {
  try {
    const { kind, at } = JSON.parse(line);
    return typeof kind === "string" && Number.isFinite(at) ? JSON.parse(line) : undefined;
  } catch {
    return undefined;
  }
}

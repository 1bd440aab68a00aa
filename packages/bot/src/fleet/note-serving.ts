import type { Log } from "../base/log.js";
import { createServingFile } from "../health/serving-file.js";
import { createLatest } from "./latest.js";

/** The note of where this bot serves, for a probe on its machine. */
export interface ServingNote {
  /** Adds an address. Returns a function that takes it away again. */
  serving(bound: string): () => void;
  /** Resolves once the note is on the disk. */
  settled(): Promise<void>;
}

// The rest between two savings, in milliseconds.
const restMs = 100;

/** Keeps the note in the state folder of the bot. A folder that cannot be written costs a warning. */
export function noteServing(stateDir: string, log: Log): ServingNote {
  const file = createServingFile(stateDir);
  const saving = createLatest(restMs, (addresses: readonly string[]) =>
    file.save(addresses).catch((error) => log.warn("addresses not saved", { error: String(error) })),
  );
  const bound: string[] = [];
  return {
    serving(address) {
      bound.push(address);
      saving.offer([...bound]);
      return () => {
        bound.splice(bound.indexOf(address), 1);
        saving.offer([...bound]);
      };
    },
    settled: saving.settled,
  };
}

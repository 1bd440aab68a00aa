import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atExit } from "./at-exit.js";

/** A folder that ends with this process at the latest. */
export interface TemporaryFolder {
  readonly path: string;
  remove(): void;
}

/** Makes a new, empty folder whose name starts with `interlock-` and `name`. */
export function makeTemporaryFolder(name: string): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), `interlock-${name}-`));
  // A process that was killed a moment ago may still be writing: hence the retries.
  const remove = () => rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  const withdraw = atExit(remove);
  return {
    path,
    remove() {
      remove();
      withdraw();
    },
  };
}

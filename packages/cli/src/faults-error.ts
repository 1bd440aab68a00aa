import { InterlockError } from "@interlock/bot";
import type { Fault } from "./read-fault.js";

/** An error with several faults. With `--json`, each fault is listed separately. */
export class FaultsError extends InterlockError {
  readonly faults: readonly Fault[];

  constructor(message: string, faults: readonly Fault[], cause: unknown) {
    super("INVALID_ARGUMENT", message, { cause });
    this.faults = faults;
  }
}

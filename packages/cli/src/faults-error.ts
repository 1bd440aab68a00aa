import { InterlockError } from "@interlock/bot";
import type { Fault } from "./read-fault.js";

/** Several things are wrong, each of which `--json` gives by itself. */
export class FaultsError extends InterlockError {
  readonly faults: readonly Fault[];

  constructor(message: string, faults: readonly Fault[], cause: unknown) {
    super("INVALID_ARGUMENT", message, { cause });
    this.faults = faults;
  }
}

import { type Inventory, maximumSnapshotBytes, parseSnapshot } from "@interlock/audit";
import { InterlockError } from "@interlock/bot";
import { readBounded } from "./read-bounded.js";

/** Reads what `interlock inventory --save` has written. */
export async function readSnapshot(path: string): Promise<Inventory> {
  const json = await readBounded(path, maximumSnapshotBytes, "snapshot of an inventory");
  try {
    return parseSnapshot(json);
  } catch (cause) {
    throw new InterlockError("INVALID_ARGUMENT", `${path} cannot be used. ${(cause as Error).message}`, { cause });
  }
}

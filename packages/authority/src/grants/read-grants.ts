import { denial } from "@interlock/bot/internal";
import { type Grants, GrantsError, parseGrants } from "@interlock/policy/grants";

/** Reads a grants file. Throws `GRANTS_INVALID` with every fault in it. */
export function readGrants(yaml: string): Grants {
  try {
    return parseGrants(yaml);
  } catch (error) {
    if (error instanceof GrantsError) throw denial("GRANTS_INVALID", error.message, {}, error);
    throw error;
  }
}

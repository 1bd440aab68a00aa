import { InterlockError } from "@interlock/bot";

/** Says why a document cannot be used as a bundle. `detail` holds nothing of the document. */
export function unusableBundle(detail: string): InterlockError {
  return new InterlockError("INVALID_ARGUMENT", `The trust bundle cannot be used: ${detail}.`);
}

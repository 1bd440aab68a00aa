import { InterlockError } from "@interlock/bot";

/** Makes the error of a malformed request. */
export function invalid(message: string): InterlockError {
  return new InterlockError("INVALID_ARGUMENT", message);
}

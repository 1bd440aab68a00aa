import { InterlockError } from "@interlock/bot";
import { codeNames } from "@interlock/bot/internal";

/** Waits for a call, and returns its gRPC status code as text. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "0";
  } catch (error) {
    return String(codeNames.indexOf(InterlockError.from(error).code));
  }
}

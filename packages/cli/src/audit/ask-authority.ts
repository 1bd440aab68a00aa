import { InterlockError } from "@interlock/bot";
import { asMember, type Session } from "../operator.js";

/** Runs `work` as the operator of this project, for a command that can do without it: an error says so. */
export async function askAuthority<T>(work: (session: Session) => Promise<T>): Promise<T> {
  try {
    return await asMember(work);
  } catch (thrown) {
    const cause = InterlockError.from(thrown);
    const { code, reason, metadata, message } = cause;
    if (code !== "UNAVAILABLE" && code !== "FAILED_PRECONDITION") throw cause;
    const said = `${message} To judge by the files alone, add --offline.`;
    throw new InterlockError(code, said, { ...(reason !== undefined && { reason }), metadata, cause });
  }
}

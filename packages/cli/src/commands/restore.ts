import { InterlockError, silentLog } from "@interlock/bot";
import { Command } from "commander";
import { type Output, paint } from "../output.js";
import { authorityDir } from "../state.js";
import { storeUrl } from "./options.js";

/** `interlock restore`: an authority from a backup, which bots take for the one they know. */
export function restoreCommand(output: Output): Command {
  return new Command("restore")
    .description("Make an authority here of a backup; or say that a store on PostgreSQL has been restored.")
    .argument("[file]", "what interlock backup has written")
    .option("--store <url>", "the PostgreSQL store that pg_restore has brought back; or set INTERLOCK_STORE")
    .addHelpText(
      "after",
      "\nWhat was done since the backup is lost: look at grants and locks, and invite again who joined since.\n\n" +
        "Example:\n  interlock restore authority-2030-01-31.db",
    )
    .action(async (file: string | undefined, { store }: { store?: string }) => {
      const { restore, restoredWithPostgres } = await import("@interlock/authority");
      const url = file === undefined ? storeUrl(store) : store;
      if ((file === undefined) === (url === undefined)) {
        throw new InterlockError("INVALID_ARGUMENT", "Name the backup's file, or the store on PostgreSQL, not both.");
      }
      if (file !== undefined) await restore(file, authorityDir, Date.now());
      else await restoredWithPostgres(url as string, Date.now(), silentLog);
      output.result({ ok: true, ...(file !== undefined && { file, dataDir: authorityDir }) }, () => {
        output.line(`${paint("green", "restored")} Start it with "interlock up": every bot follows by itself.`);
      });
    });
}

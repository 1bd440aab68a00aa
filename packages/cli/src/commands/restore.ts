import { InterlockError, silentLog } from "@interlock/bot";
import { Command } from "commander";
import { type Output, paint } from "../output.js";
import { authorityDir } from "../state.js";
import { storeUrl } from "./options.js";

/** `interlock restore`: restores an authority from a backup. Bots accept it as the same authority. */
export function restoreCommand(output: Output): Command {
  return new Command("restore")
    .description("Restore an authority from a backup; or mark a store on PostgreSQL as restored.")
    .argument("[file]", "the file that interlock backup wrote")
    .option("--store <url>", "the PostgreSQL store that pg_restore restored; or set INTERLOCK_STORE")
    .addHelpText(
      "after",
      "\nChanges since the backup are lost: check grants and revocations, and invite the bots again that joined since.\n\n" +
        "Example:\n  interlock restore authority-2030-01-31.db",
    )
    .action(async (file: string | undefined, { store }: { store?: string }) => {
      const { restore, restoredWithPostgres } = await import("@interlock/authority");
      const url = file === undefined ? storeUrl(store) : store;
      if ((file === undefined) === (url === undefined)) {
        throw new InterlockError("INVALID_ARGUMENT", "Name either the backup file or the store on PostgreSQL.");
      }
      if (file !== undefined) await restore(file, authorityDir, Date.now());
      else await restoredWithPostgres(url as string, Date.now(), silentLog);
      output.result({ ok: true, ...(file !== undefined && { file, dataDir: authorityDir }) }, () => {
        output.line(`${paint("green", "restored")} Start it with "interlock up": every bot reconnects by itself.`);
      });
    });
}

import { Command } from "commander";
import { type Output, paint } from "../output.js";
import { authorityDir } from "../state.js";

/** `interlock backup`: writes the data of this project's authority into one file. */
export function backupCommand(output: Output): Command {
  return new Command("backup")
    .description("Back up the authority of this project, private keys included, into one new file.")
    .argument("<file>", "the new file")
    .addHelpText(
      "after",
      "\nThe authority may keep running. Back up a store on PostgreSQL with pg_dump.\n\n" +
        "Example:\n  interlock backup authority-2030-01-31.db",
    )
    .action(async (file: string) => {
      const { backUp } = await import("@interlock/authority");
      const { keys, sealed } = await backUp(authorityDir, file);
      if (!sealed) {
        output.progress(
          `${paint("yellow", "warning")} the private keys in it are not encrypted. Anyone who can read ${file} can act as the authority.`,
        );
      }
      output.result({ ok: true, file, keys, sealed }, () => {
        output.line(`${paint("green", "written")} ${file}, with ${keys} private keys`);
      });
    });
}

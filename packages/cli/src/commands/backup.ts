import { Command } from "commander";
import { type Output, paint } from "../output.js";
import { authorityDir } from "../state.js";

/** `interlock backup`: one file with everything that this project's authority has. */
export function backupCommand(output: Output): Command {
  return new Command("backup")
    .description("Write everything that the authority here has, its private keys among them, into one new file.")
    .argument("<file>", "where to write it")
    .addHelpText(
      "after",
      "\nThe authority may run meanwhile. A store on PostgreSQL is backed up with pg_dump.\n\n" +
        "Example:\n  interlock backup authority-2030-01-31.db",
    )
    .action(async (file: string) => {
      const { backUp } = await import("@interlock/authority");
      const { keys, sealed } = await backUp(authorityDir, file);
      if (!sealed) {
        output.progress(
          `${paint("yellow", "warning")} the private keys in it are not encrypted: whoever reads ${file} is the authority.`,
        );
      }
      output.result({ ok: true, file, keys, sealed }, () => {
        output.line(`${paint("green", "written")} ${file}, with ${keys} private keys`);
      });
    });
}

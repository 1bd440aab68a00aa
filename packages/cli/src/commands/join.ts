import { joinFleet, silentLog } from "@interlock/bot";
import { createAuthorityFile, createIdentityFolder } from "@interlock/bot/internal";
import { Command } from "commander";
import type { Output } from "../output.js";
import { paint } from "../output.js";
import { botDir, saveProfile } from "../state.js";
import { untilStopped } from "../until-stopped.js";

interface Options {
  readonly authority?: string;
  readonly name: string;
  readonly token?: string;
  readonly dir?: string;
  readonly stay?: boolean;
}

/** `interlock join`: exchanges a join token for an identity. */
export function joinCommand(output: Output): Command {
  return new Command("join")
    .description("Join the fleet: exchange a join token for an identity, kept in .interlock/bots/<name>.")
    .requiredOption("--name <name>", "the bot's name, for example gripper/1")
    .option("--token <token>", "the join token. Default: INTERLOCK_JOIN_TOKEN")
    .option(
      "--authority <host:port>",
      "the authority's address, or several separated by commas. Default: INTERLOCK_AUTHORITY, or localhost:7443",
    )
    .option("--dir <folder>", "the folder for the identity")
    .option("--stay", "keep running, and keep these files current for a bot in another language")
    .addHelpText(
      "after",
      "\nThe folder holds identity.pem (private key and certificates), ca.pem, and trust.json (issuer, token\n" +
        "keys, revocations): everything that a bot in another language needs.\n\n" +
        "Example:\n  interlock join --authority localhost:7443 --name gripper/1 --token ILK1-…",
    )
    .action(async ({ name, token, dir = botDir(name), stay, ...given }: Options) => {
      // Not the default of the option, because the help would show it.
      const joinToken = token ?? process.env.INTERLOCK_JOIN_TOKEN;
      const before = await createIdentityFolder(dir).load();
      const authority =
        given.authority ??
        process.env.INTERLOCK_AUTHORITY ??
        (await createAuthorityFile(dir).load())?.authority ??
        "localhost:7443";
      const bot = await joinFleet({ authority, name, joinToken, stateDir: dir, log: silentLog });
      try {
        const already = before?.leaf.thumbprint === bot.identity.current().leaf.thumbprint;
        if (name.startsWith("operator/")) await saveProfile({ authority, operator: name });
        const { spiffeId } = bot;
        const { notAfter } = bot.identity.current().leaf;
        output.result({ ok: true, already, spiffeId: spiffeId.uri, dir, expiresAt: new Date(notAfter) }, () => {
          output.line(`${paint("green", already ? "already joined" : "joined")} as ${paint("bold", spiffeId.uri)}`);
          if (already && joinToken) output.line("The join token was not used.");
          output.line(`Its identity is in ${dir}, valid until ${new Date(notAfter).toLocaleTimeString()}.`);
        });
        if (!stay) return;
        output.line("Keeping the files current. Press Ctrl-C to stop.");
        await untilStopped();
      } finally {
        await bot.close(0);
      }
    });
}

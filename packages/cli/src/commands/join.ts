import { createInterface } from "node:readline";
import { InterlockError, joinFleet, silentLog } from "@interlock/bot";
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
  readonly serviceAccountToken?: string;
  readonly ca?: string;
  readonly dir?: string;
  readonly stay?: boolean;
}

/** `interlock join`: exchanges a join token for an identity. */
export function joinCommand(output: Output): Command {
  return new Command("join")
    .description("Join the fleet: exchange a join token for an identity, kept in .interlock/bots/<name>.")
    .requiredOption("--name <name>", "the bot's name, for example gripper/1")
    .option("--token <token>", "the join token; - reads it from standard input. Default: INTERLOCK_JOIN_TOKEN")
    .option(
      "--authority <host:port>",
      "the authority's address, or several separated by commas. Default: INTERLOCK_AUTHORITY, or localhost:7443",
    )
    .option("--service-account-token <file>", "in Kubernetes, in place of a join token: the projected token of the pod")
    .option("--ca <file>", "with --service-account-token: the CA of the fleet, PEM, from `interlock ca show --pem`")
    .option("--dir <folder>", "the folder for the identity")
    .option("--stay", "keep running, and keep these files current for a bot in another language")
    .addHelpText(
      "after",
      "\nThe folder holds identity.pem (private key and certificates), ca.pem, and trust.json (issuer, token\n" +
        "keys, revocations): everything that a bot in another language needs.\n\n" +
        "Example:\n  interlock join --authority localhost:7443 --name gripper/1   # with INTERLOCK_JOIN_TOKEN=ILK1-…",
    )
    .action(async ({ name, token, dir = botDir(name), stay, ...given }: Options) => {
      // Not the default of the option, because the help would show it.
      const joinToken = (await readToken(token, output)) ?? process.env.INTERLOCK_JOIN_TOKEN;
      const before = await createIdentityFolder(dir).load();
      const authority =
        given.authority ??
        process.env.INTERLOCK_AUTHORITY ??
        (await createAuthorityFile(dir).load())?.authority ??
        "localhost:7443";
      const serviceAccount = serviceAccountOf(given);
      const bot = await joinFleet({ authority, name, joinToken, serviceAccount, stateDir: dir, log: silentLog });
      try {
        const already = before?.leaf.thumbprint === bot.identity.current().leaf.thumbprint;
        if (/^(operator|viewer)\//.test(name)) await saveProfile({ authority, operator: name });
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

/** Reads the join token that `--token` gives or, for "-", that is the first line of standard input. */
async function readToken(token: string | undefined, output: Output): Promise<string | undefined> {
  if (token === "-") {
    for await (const line of createInterface({ input: process.stdin })) return line.trim();
    throw new InterlockError("INVALID_ARGUMENT", "There is no join token on standard input: write one line.");
  }
  if (token !== undefined) {
    const remedy = "use INTERLOCK_JOIN_TOKEN, or --token - and standard input";
    output.progress(`warning: every user of this machine can read --token while the command runs: ${remedy}`);
  }
  return token;
}

function serviceAccountOf({ serviceAccountToken: tokenFile, ca: caFile }: Pick<Options, "serviceAccountToken" | "ca">) {
  if (tokenFile !== undefined && caFile !== undefined) return { tokenFile, caFile };
  if (tokenFile === undefined && caFile === undefined) return undefined;
  throw new InterlockError("INVALID_ARGUMENT", "Give both --service-account-token and --ca.");
}

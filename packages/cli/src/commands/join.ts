import { join } from "node:path";
import { type Bot, certificatesToPem, joinFleet, silentLog, writePrivateFile } from "@interlock/bot";
import { Command } from "commander";
import type { Output } from "../output.js";
import { paint } from "../output.js";
import { botDir, saveProfile } from "../state.js";

interface Options {
  readonly authority: string;
  readonly name: string;
  readonly token?: string;
  readonly dir?: string;
  readonly stay?: boolean;
}

/** `interlock join`: gives a bot its identity. */
export function joinCommand(output: Output): Command {
  return new Command("join")
    .description("Join the fleet: turn a join token into an identity, kept in .interlock/bots/<name>.")
    .requiredOption("--name <name>", "the bot's name, for example gripper/1")
    .option("--token <token>", "the join token; INTERLOCK_JOIN_TOKEN unless said", process.env.INTERLOCK_JOIN_TOKEN)
    .option("--authority <host:port>", "where the authority is", process.env.INTERLOCK_AUTHORITY ?? "localhost:7443")
    .option("--dir <folder>", "where to keep the identity")
    .option("--stay", "stay, and keep certificate and trust files current for a bot in another language")
    .addHelpText(
      "after",
      "\nBeside identity.pem and trust.json the folder holds key.pem, cert.pem, ca.pem and jwks.json,\n" +
        "for bots in other languages.\n\nExample:\n  interlock join --authority localhost:7443 --name gripper/1 --token ILK1-…",
    )
    .action(async ({ authority, name, token, dir = botDir(name), stay }: Options) => {
      const bot = await joinFleet({ authority, name, joinToken: token, stateDir: dir, log: silentLog });
      try {
        await writeForeignFiles(bot, dir);
        if (name.startsWith("operator/")) await saveProfile({ authority, operator: name });
        const { spiffeId } = bot;
        const { notAfter } = bot.identity.current().leaf;
        output.result({ ok: true, spiffeId: spiffeId.uri, dir, expiresAt: new Date(notAfter) }, () => {
          output.line(`${paint("green", "joined")} as ${paint("bold", spiffeId.uri)}`);
          output.line(`Its identity is in ${dir}, valid until ${new Date(notAfter).toLocaleTimeString()}.`);
        });
        if (stay) await keepFiles(bot, dir, output);
      } finally {
        await bot.close(0);
      }
    });
}

/** What a bot in another language reads: PEM and a JWK Set. */
async function writeForeignFiles(bot: Bot, dir: string): Promise<void> {
  const identity = bot.identity.current();
  const { caCertificates, jwks } = bot.trust.state;
  await writePrivateFile(join(dir, "key.pem"), identity.privateKey);
  await writePrivateFile(join(dir, "cert.pem"), certificatesToPem(identity.chain));
  await writePrivateFile(join(dir, "ca.pem"), certificatesToPem(caCertificates));
  await writePrivateFile(join(dir, "jwks.json"), `${JSON.stringify(jwks, undefined, 2)}\n`);
}

async function keepFiles(bot: Bot, dir: string, output: Output): Promise<void> {
  const update = () => {
    writeForeignFiles(bot, dir).catch((error) => output.progress(`${dir} not updated: ${error}`));
  };
  bot.identity.onChange(update);
  bot.trust.onChange(update);
  output.line("Keeping its files current; Ctrl-C ends that.");
  await new Promise<void>((resolve) => {
    process.once("SIGINT", () => resolve());
    process.once("SIGTERM", () => resolve());
    setInterval(() => {}, 2 ** 30);
  });
}

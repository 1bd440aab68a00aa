import { hostname, userInfo } from "node:os";
import { basename } from "node:path";
import { joinFleet, jsonLog, silentLog } from "@interlock/bot";
import { Command } from "commander";
import { readPassphrase } from "../key-file.js";
import type { Output } from "../output.js";
import { paint } from "../output.js";
import { authorityDir, botDir, saveMembership, saveProfile } from "../state.js";
import { untilStopped } from "../until-stopped.js";
import { joinLine } from "./invite.js";
import { parsePort } from "./options.js";

interface Options {
  readonly port: number;
  readonly host: string;
  readonly trustDomain: string;
  readonly invite: readonly string[];
  readonly keyFile?: string;
  readonly verbose?: boolean;
}

/** `interlock up`: runs the authority until it is told to stop. */
export function upCommand(output: Output): Command {
  return new Command("up")
    .description("Run the authority: its own CA, an embedded store, and this project's operator.")
    .option("--port <port>", "where to listen", parsePort, 7443)
    .option("--host <host>", "on which interface; 0.0.0.0 for all", "127.0.0.1")
    .option(
      "--trust-domain <name>",
      "the fleet's name in every identity",
      basename(process.cwd())
        .toLowerCase()
        .replace(/[^a-z0-9._-]/g, "-"),
    )
    .option("--invite <name...>", "print a line with which this bot can join", ["bot/1"])
    .option("--key-file <file>", "a file whose text encrypts the private keys; or set INTERLOCK_KEY_PASSPHRASE")
    .option("--verbose", "log what the authority does, as JSON lines on standard error")
    .addHelpText("after", "\nExample:\n  interlock up --port 7443 --invite gripper/1")
    .action(async ({ port, host, trustDomain, invite, keyFile, verbose }: Options) => {
      // The CA and the store take a moment to load, which other commands need not spend.
      const { startAuthority } = await import("@interlock/authority");
      const log = verbose ? jsonLog : silentLog;
      const authority = await startAuthority({
        dataDir: authorityDir,
        trustDomain,
        host,
        port,
        log,
        ...(await readPassphrase(keyFile)),
      });
      try {
        const everywhere = host === "0.0.0.0" || host === "::";
        const address = everywhere ? `localhost:${authority.port}` : authority.address;
        const advertised = everywhere ? `${hostname()}:${authority.port}` : address;
        const name = `operator/${userInfo().username}`;
        const joinToken = await authority.createJoinToken(name);
        const operator = await joinFleet({ authority: address, name, stateDir: botDir(name), joinToken, log });
        await saveMembership(botDir(name), { authority: address });
        await saveProfile({ authority: address, operator: name });
        const lines = await Promise.all(
          invite.map(async (bot) => joinLine(advertised, bot, await authority.createJoinToken(bot))),
        );
        output.result({ ok: true, authority: advertised, trustDomain, operator: name, join: lines }, () => {
          output.line(
            `${paint("green", "authority")} ${trustDomain} at ${paint("bold", advertised)}, operator ${name}`,
          );
          output.line("To let a bot join, paste this on its machine within 15 minutes:");
          for (const line of lines) output.line(`  ${line}`);
          output.line("For another name: interlock invite <name>. To stop: Ctrl-C.");
        });
        await untilStopped();
        await operator.close(0);
      } finally {
        await authority.close();
      }
    });
}

import { hostname, userInfo } from "node:os";
import { basename } from "node:path";
import type { HttpsOptions } from "@interlock/authority";
import { InterlockError, joinFleet, jsonLog, silentLog } from "@interlock/bot";
import { Command } from "commander";
import { readPassphrase } from "../key-file.js";
import type { Output } from "../output.js";
import { paint } from "../output.js";
import { authorityDir, botDir, saveProfile } from "../state.js";
import { untilStopped } from "../until-stopped.js";
import { joinLine } from "./invite.js";
import { parsePort, storeUrl } from "./options.js";

interface Options {
  readonly port: number;
  readonly host: string;
  readonly trustDomain: string;
  readonly invite: readonly string[];
  readonly store?: string;
  readonly keyFile?: string;
  readonly httpsPort?: number;
  readonly issuer?: string;
  readonly httpsCert?: string;
  readonly httpsKey?: string;
  readonly verbose?: boolean;
}

/** `interlock up`: runs the authority until it is stopped. */
export function upCommand(output: Output): Command {
  return new Command("up")
    .description("Run the authority with its own CA and store, and set up this project's operator.")
    .option("--port <port>", "the port to listen on", parsePort, 7443)
    .option("--host <host>", "the interface to listen on; 0.0.0.0 for all", "127.0.0.1")
    .option(
      "--trust-domain <name>",
      "the name of the fleet in every identity",
      basename(process.cwd())
        .toLowerCase()
        .replace(/[^a-z0-9._-]/g, "-"),
    )
    .option("--invite <name...>", "print a single-use join command for this bot", ["bot/1"])
    .option(
      "--store <url>",
      "store everything in this PostgreSQL database, which other authorities may share; or set INTERLOCK_STORE",
    )
    .option(
      "--key-file <file>",
      "a file with the passphrase that encrypts the private keys; or set INTERLOCK_KEY_PASSPHRASE",
    )
    .option("--https-port <port>", "serve OAuth over HTTPS on this port, too, for clients without Interlock", parsePort)
    .option("--issuer <url>", "with --https-port: the URL by which those clients know the authority, https://…")
    .option("--https-cert <file>", "with --https-port: a certificate to use instead of one from the fleet's CA, PEM")
    .option("--https-key <file>", "its private key, PEM")
    .option("--verbose", "log what the authority does, as JSON lines on standard error")
    .addHelpText("after", "\nExample:\n  interlock up --port 7443 --invite gripper/1")
    .action(async (options: Options) => {
      const { port, host, trustDomain, invite, store, keyFile, verbose } = options;
      const https = readHttps(options);
      // Loaded here because the CA and the store take a moment, which other commands save.
      const { startAuthority } = await import("@interlock/authority");
      const url = storeUrl(store);
      const log = verbose ? jsonLog : silentLog;
      const authority = await startAuthority({
        ...(url === undefined ? { dataDir: authorityDir } : { store: url }),
        trustDomain,
        host,
        port,
        log,
        ...(await readPassphrase(keyFile)),
        ...(https && { https }),
      });
      try {
        const everywhere = host === "0.0.0.0" || host === "::";
        const address = everywhere ? `localhost:${authority.port}` : authority.address;
        const advertised = everywhere ? `${hostname()}:${authority.port}` : address;
        const name = operatorName(url !== undefined);
        const joinToken = await authority.createJoinToken(name);
        const operator = await joinFleet({ authority: address, name, stateDir: botDir(name), joinToken, log });
        await saveProfile({ authority: address, operator: name });
        const lines = await Promise.all(
          invite.map(async (bot) => joinLine(advertised, bot, await authority.createJoinToken(bot))),
        );
        const { issuer } = authority;
        output.result({ ok: true, authority: advertised, trustDomain, issuer, operator: name, join: lines }, () => {
          output.line(
            `${paint("green", "authority")} ${trustDomain} at ${paint("bold", advertised)}, operator ${name}`,
          );
          if (https) output.line(`OAuth at ${paint("bold", issuer)}/.well-known/oauth-authorization-server`);
          output.line("To let a bot join, run its single-use join command on its machine within 15 minutes:");
          for (const line of lines) output.line(`  ${line}`);
          output.line("For another name: interlock invite <name>. Press Ctrl-C to stop.");
        });
        await untilStopped();
        await operator.close(0);
      } finally {
        await authority.close();
      }
    });
}

/** The name of the operator: the user, and on a shared store the machine, too, because a name has one identity. */
function operatorName(shared: boolean): string {
  const { username } = userInfo();
  return shared
    ? `operator/${username}.${hostname()
        .toLowerCase()
        .replace(/[^a-z0-9._-]/g, "-")}`
    : `operator/${username}`;
}

function readHttps({ httpsPort, issuer, httpsCert, httpsKey }: Options): HttpsOptions | undefined {
  const given = issuer ?? httpsCert ?? httpsKey;
  if (httpsPort === undefined && given === undefined) return undefined;
  if (httpsPort === undefined) throw invalid("--issuer, --https-cert and --https-key need --https-port.");
  if ((httpsCert === undefined) !== (httpsKey === undefined)) throw invalid("Give both --https-cert and --https-key.");
  const certificate = httpsCert !== undefined && { certificate: { certFile: httpsCert, keyFile: httpsKey as string } };
  return { port: httpsPort, ...(issuer !== undefined && { issuer }), ...certificate };
}

function invalid(message: string): InterlockError {
  return new InterlockError("INVALID_ARGUMENT", message);
}

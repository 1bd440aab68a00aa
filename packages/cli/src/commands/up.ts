import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { hostname } from "node:os";
import type { DailyAudit, HttpsOptions } from "@interlock/authority";
import { InterlockError, joinFleet, type Log, silentLog } from "@interlock/bot";
import { formatAddress, isEveryInterface, isLoopback, ownAddresses, readAddress } from "@interlock/bot/internal";
import { type MetricsServer, type MetricsServerOptions, serveMetrics } from "@interlock/bot/metrics";
import { Command } from "commander";
import { chooseAdvertised, terminal } from "../choose-advertised.js";
import { readPassphrase } from "../key-file.js";
import type { Output } from "../output.js";
import { paint } from "../output.js";
import { createPersonLog } from "../person-log.js";
import { authorityDir, botDir, saveProfile } from "../state.js";
import { untilStopped } from "../until-stopped.js";
import { fleetName, segment, userName } from "../user-name.js";
import { joinLine } from "./invite.js";
import { type CertificateTtls, parseCertificateTtl, parseDuration, parsePort, storeUrl } from "./options.js";

interface Options {
  readonly port: number;
  readonly host?: string;
  readonly advertise?: string | true;
  readonly trustDomain: string;
  readonly invite?: readonly string[];
  readonly certificateTtl?: CertificateTtls;
  readonly renewAfterExpiry?: number;
  readonly operator?: string;
  readonly store?: string;
  readonly keyFile?: string;
  readonly joins?: string;
  readonly httpsPort?: number;
  readonly issuer?: string;
  readonly httpsCert?: string;
  readonly httpsKey?: string;
  readonly metricsPort?: number;
  readonly metricsHost?: string;
  readonly metricsAllowRemote?: boolean;
  readonly dailyAudit: boolean;
  readonly auditProject?: string;
  readonly firstAudit?: number;
  readonly retireDue?: true | string;
  readonly verbose?: boolean;
}

/** `interlock up`: runs the authority until it is stopped. */
export function upCommand(output: Output): Command {
  return new Command("up")
    .description("Run the authority with its own CA and store, and set up this project's operator.")
    .option("--port <port>", "the port to listen on", parsePort, 7443)
    .option(
      "--advertise [host]",
      "let bots on other machines reach it, at this host or host:port. Default: this machine's address; asked if it has several",
    )
    .option(
      "--host <host>",
      "the interface to listen on; 0.0.0.0 or :: for all. Default: 127.0.0.1, only this machine; with --advertise, all",
    )
    .option("--trust-domain <name>", "the name of the fleet in every identity", fleetName(process.cwd()))
    .option("--invite <name...>", "print a single-use join command for these bots")
    .option(
      "--certificate-ttl <duration>",
      "how long certificates are valid, 12h; or those of some bots, 'robot/*=72h'; may be given several times. Default: 1h",
      parseCertificateTtl,
    )
    .option(
      "--renew-after-expiry <duration>",
      "how long after its end a bot may still renew its certificate; 0 for never. Default: 30d",
      parseDuration,
    )
    .option(
      "--operator <name>",
      "make a working operator of this name, even if it was revoked or retired. Default: the user's name, left as it is",
    )
    .option(
      "--store <url>",
      "store everything in this PostgreSQL database, which other authorities may share; or set INTERLOCK_STORE",
    )
    .option(
      "--key-file <file>",
      "a file with the passphrase that encrypts the private keys; or set INTERLOCK_KEY_PASSPHRASE",
    )
    .option("--joins <file>", "the Kubernetes workloads that join without a join token; see docs/deployment.md")
    .option("--https-port <port>", "serve OAuth over HTTPS on this port, too, for clients without Interlock", parsePort)
    .option("--issuer <url>", "with --https-port: the URL by which those clients know the authority, https://…")
    .option("--https-cert <file>", "with --https-port: a certificate to use instead of one from the fleet's CA, PEM")
    .option("--https-key <file>", "its private key, PEM")
    .option("--no-daily-audit", "do not judge the fleet once a day; see docs/audit.md")
    .option(
      "--audit-project <folder>",
      "judge the proto files, grants.yaml and suppressions of this project in the daily audit, too",
    )
    .option(
      "--first-audit <duration>",
      "how long after the start the fleet is audited first. Default: 5m",
      parseDuration,
    )
    .option(
      "--retire-due [name]",
      "once a day, before the audit, retire all that is past its sunset, as this bot of the project. Default: its operator",
    )
    .option("--verbose", "log everything that the authority does, not only what matters to a person")
    .addHelpText(
      "after",
      "\nJoins, changes of grants, denials, warnings and errors are logged on standard error: readable lines on a terminal,\n" +
        "JSON lines elsewhere and with --json. INTERLOCK_LOG_LEVEL=debug|info|warn|error|silent chooses the lines instead.\n\n" +
        "Example:\n  interlock up --port 7443\n  interlock up --advertise auth.cafe.example\n  interlock up --certificate-ttl 12h --certificate-ttl 'robot/*=72h'",
    )
    .option("--metrics-port <port>", "serve metrics to Prometheus on this port, at /metrics", parsePort)
    .option("--metrics-host <host>", "with --metrics-port: the interface for it; this machine only by default")
    .option("--metrics-allow-remote", "with --metrics-host: let other machines read metrics without a certificate")
    .action(async (options: Options) => {
      const {
        port,
        trustDomain,
        invite = [],
        store,
        keyFile,
        joins,
        verbose,
        certificateTtl,
        renewAfterExpiry,
      } = options;
      const wanted = options.operator?.replace(/^(?:operator\/)?/, "operator/");
      const https = readHttps(options);
      const metricsAt = readMetrics(options);
      // Loaded here because the CA and the store take a moment, which other commands save.
      const { startAuthority } = await import("@interlock/authority");
      const url = storeUrl(store);
      const log = createPersonLog({ verbose: verbose === true, json: output.json });
      let setUp = () => {};
      const isSetUp = new Promise<void>((resolve) => {
        setUp = resolve;
      });
      const dailyAudit = await readDailyAudit(options, log, isSetUp);
      const reach = await chooseAdvertised({ host: options.host, advertise: options.advertise, ask: terminal() });
      const authority = await startAuthority({
        ...(url === undefined ? { dataDir: authorityDir } : { store: url }),
        trustDomain,
        ...reach,
        port,
        log,
        ...(await readPassphrase(keyFile)),
        ...(joins !== undefined && { joins }),
        ...(dailyAudit && { dailyAudit }),
        ...(https && { https }),
        ...certificateTtl,
        ...(renewAfterExpiry !== undefined && { renewAfterExpiryMs: renewAfterExpiry }),
      });
      let metrics: MetricsServer | undefined;
      try {
        const { address: advertised, port: listening } = authority;
        // The way from this machine: its own address may be another's from here, as behind NAT.
        const { host } = reach;
        const local = isEveryInterface(host) ? (host === "::" ? "::1" : "127.0.0.1") : host;
        const address = formatAddress({ host: local, port: listening });
        const bound = formatAddress({ host, port: listening });
        const name = wanted ?? operatorName(url !== undefined);
        const joinToken = await (wanted ? authority.makeOperator(name) : authority.createJoinToken(name));
        // What is in the folder may be revoked: it would be used as long as it has not expired.
        if (wanted) await rm(botDir(name), { recursive: true, force: true });
        const operator = await joinFleet({
          authority: address,
          name,
          stateDir: botDir(name),
          joinToken,
          log: silentLog,
        });
        await saveProfile({ authority: address, operator: name });
        setUp();
        const lines = await Promise.all(
          invite.map(async (bot) => joinLine(advertised, bot, await authority.createJoinToken(bot))),
        );
        if (metricsAt) metrics = await serveMetrics(authority, metricsAt);
        const { issuer } = authority;
        const { url: metricsUrl } = metrics ?? {};
        const here = isLoopback(readAddress(advertised).host);
        const told = { authority: advertised, listensOn: bound, onlyThisMachine: here };
        const result = { ok: true, ...told, trustDomain, issuer, operator: name, join: lines };
        output.result({ ...result, ...(metrics && { metrics: metricsUrl }) }, () => {
          output.line(
            `${paint("green", "authority")} ${trustDomain} at ${paint("bold", advertised)}, operator ${name}`,
          );
          for (const line of reachLines(advertised, host)) output.line(line);
          if (https) output.line(`OAuth at ${paint("bold", issuer)}/.well-known/oauth-authorization-server`);
          if (metricsUrl) output.line(`metrics at ${paint("bold", metricsUrl)}`);
          if (lines.length > 0) {
            output.line("To let a bot join, run its single-use join command on its machine within 15 minutes:");
            for (const line of lines) output.line(`  ${line}`);
          }
          output.line("To let a bot join: interlock invite <name>. Press Ctrl-C to stop.");
        });
        await untilStopped();
        await operator.close(0);
      } finally {
        await metrics?.close();
        await authority.close();
      }
    });
}

/** Says who can reach the authority, and how others could. */
function reachLines(advertised: string, host: string): string[] {
  if (!isLoopback(readAddress(advertised).host)) {
    const where = isEveryInterface(host) ? "every interface" : host;
    return [`Bots reach this authority at ${advertised}. It listens on ${where}.`];
  }
  const [other] = ownAddresses();
  const remedy = other
    ? `start it with --advertise ${other.host}`
    : "this machine has no network, so there is no other way";
  return [`Only this machine can reach it. For bots on other machines: ${remedy}.`];
}

/** The name of the operator: the user, and on a shared store the machine, too, because a name has one identity. */
function operatorName(shared: boolean): string {
  return shared ? `operator/${userName()}.${segment(hostname())}` : `operator/${userName()}`;
}

function readHttps({ httpsPort, issuer, httpsCert, httpsKey }: Options): HttpsOptions | undefined {
  const given = issuer ?? httpsCert ?? httpsKey;
  if (httpsPort === undefined && given === undefined) return undefined;
  if (httpsPort === undefined) throw invalid("--issuer, --https-cert and --https-key need --https-port.");
  if ((httpsCert === undefined) !== (httpsKey === undefined)) throw invalid("Give both --https-cert and --https-key.");
  const certificate = httpsCert !== undefined && { certificate: { certFile: httpsCert, keyFile: httpsKey as string } };
  return { port: httpsPort, ...(issuer !== undefined && { issuer }), ...certificate };
}

async function readDailyAudit(
  { dailyAudit, auditProject, firstAudit, retireDue }: Options,
  log: Log,
  isSetUp: Promise<void>,
): Promise<DailyAudit | undefined> {
  if (!dailyAudit && (auditProject !== undefined || firstAudit !== undefined || retireDue !== undefined))
    throw invalid("--audit-project, --first-audit and --retire-due do not go with --no-daily-audit.");
  if (!dailyAudit) return undefined;
  if (auditProject !== undefined && !existsSync(auditProject))
    throw invalid(`There is no folder ${auditProject}: name a project with --audit-project.`);
  const { createDailyAudit } = await import("../audit/daily-audit.js");
  const audit = createDailyAudit({ project: auditProject, firstAfterMs: firstAudit });
  if (retireDue === undefined) return audit;
  const { retireDaily } = await import("../retire/retire-daily.js");
  const name = retireDue === true ? undefined : retireDue;
  return {
    ...audit,
    async judge(request) {
      await isSetUp; // There is an operator.
      await retireDaily({ name, project: auditProject, log, signal: request.signal });
      return audit.judge(request);
    },
  };
}

function readMetrics({ metricsPort, metricsHost, metricsAllowRemote }: Options): MetricsServerOptions | undefined {
  if (metricsPort === undefined && (metricsHost !== undefined || metricsAllowRemote)) {
    throw invalid("--metrics-host and --metrics-allow-remote need --metrics-port.");
  }
  if (metricsPort === undefined) return undefined;
  return {
    port: metricsPort,
    ...(metricsHost !== undefined && { host: metricsHost }),
    ...(metricsAllowRemote && { allowRemote: true }),
  };
}

function invalid(message: string): InterlockError {
  return new InterlockError("INVALID_ARGUMENT", message);
}

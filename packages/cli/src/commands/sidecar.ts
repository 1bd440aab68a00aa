import { dirname } from "node:path";
import { InterlockError, joinFleet } from "@interlock/bot";
import { createAuthorityFile } from "@interlock/bot/internal";
import { type MetricsServer, serveMetrics } from "@interlock/bot/metrics";
import type { SidecarFile, SidecarOptions } from "@interlock/gateway";
import { Command } from "commander";
import { readServices } from "../find-manifests.js";
import { readTextFile } from "../gateway/read-text-file.js";
import type { Output } from "../output.js";
import { paint } from "../output.js";
import { createPersonLog } from "../person-log.js";
import { botDir } from "../state.js";
import { untilStopped } from "../until-stopped.js";
import { parsePort } from "./options.js";

interface Options {
  readonly config: string;
  readonly metricsPort?: number;
  readonly verbose?: boolean;
}

/** `interlock sidecar`: makes the program beside it a member of the fleet, until it is stopped. */
export function sidecarCommand(output: Output): Command {
  return new Command("sidecar")
    .description("Make a program in any language, which speaks plain gRPC on this machine, a member of the fleet.")
    .requiredOption("--config <file>", "the configuration, YAML; see docs/sidecar.md")
    .option("--metrics-port <port>", "serve metrics to Prometheus on this port of this machine, at /metrics", parsePort)
    .option("--verbose", "log everything, not only what matters to a person")
    .addHelpText(
      "after",
      "\nThe first start needs a join token, in INTERLOCK_JOIN_TOKEN or where joinToken of the configuration says. Calls of the\n" +
        "fleet are checked here, and go to the program with their caller in interlock-caller. Calls of the program get its identity\n" +
        "and its tokens here. Ctrl-C or SIGTERM drains: first the calls to the program, then its own.\n\n" +
        "Example:\n  interlock sidecar --config sidecar.yaml   # with INTERLOCK_JOIN_TOKEN=ILK1-…",
    )
    .action(async ({ config, metricsPort, verbose }: Options) => {
      const { openSidecar } = await import("@interlock/gateway");
      const { file, options } = await readConfig(config);
      const { name, stateDir = botDir(name), serviceAccount } = file;
      const joinToken = serviceAccount ? undefined : await readJoinToken(file.joinToken);
      const saved = (await createAuthorityFile(stateDir).load())?.authority;
      const authority = file.authority ?? process.env.INTERLOCK_AUTHORITY ?? saved ?? "localhost:7443";
      const log = createPersonLog({ verbose: verbose === true, json: output.json });
      const bot = await joinFleet({ authority, name, joinToken, serviceAccount, stateDir, log });
      let metrics: MetricsServer | undefined;
      try {
        const sidecar = await openSidecar(bot, options);
        if (metricsPort !== undefined) metrics = await serveMetrics(bot, { port: metricsPort });
        const { inbound, outbound } = sidecar;
        const { url } = metrics ?? {};
        const told = {
          ok: true,
          as: name,
          ...(inbound && { inbound: inbound.address, services: inbound.services }),
          ...(outbound && { outbound: outbound.address }),
          ...(url && { metrics: url }),
        };
        output.result(told, () => {
          output.line(`${paint("green", "sidecar")} of ${paint("bold", name)}`);
          if (inbound) {
            output.line(`Bots call it at ${paint("bold", inbound.address)}: ${inbound.services.join(", ")}.`);
            output.line(`The program takes those calls at ${options.inbound?.program}.`);
          }
          if (outbound) output.line(`The program calls the fleet at ${paint("bold", outbound.address)}.`);
          if (url) output.line(`metrics at ${paint("bold", url)}`);
          output.line("Press Ctrl-C to stop.");
        });
        await untilStopped();
        await sidecar.close();
      } finally {
        await metrics?.close();
        await bot.close();
      }
    });
}

async function readConfig(path: string): Promise<{ readonly file: SidecarFile; readonly options: SidecarOptions }> {
  const { parseSidecar, sidecarOptions } = await import("@interlock/gateway");
  const text = await readTextFile(path);
  try {
    const file = parseSidecar(text, dirname(path));
    const services = (await Promise.all(file.manifests.map(readServices))).flat();
    return { file, options: sidecarOptions(file, services) };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new InterlockError("INVALID_ARGUMENT", `${path}: ${error.message}`, { cause: error });
  }
}

/** The join token, where there is one: a bot that has joined needs none. */
async function readJoinToken(from: SidecarFile["joinToken"]): Promise<string | undefined> {
  if ("env" in from) return process.env[from.env] || undefined;
  try {
    return (await readTextFile(from.file)).trim() || undefined;
  } catch (error) {
    // It may have been taken away after it was used. Where the bot has not joined, that it has no token is said then.
    if (InterlockError.from(error).code === "NOT_FOUND") return undefined;
    throw error;
  }
}

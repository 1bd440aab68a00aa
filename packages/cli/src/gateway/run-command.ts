import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { InterlockError, joinFleet, type Log } from "@interlock/bot";
import { type MetricsServer, serveMetrics } from "@interlock/bot/metrics";
import type { ServedService } from "@interlock/policy";
import { Command } from "commander";
import { parsePort } from "../commands/options.js";
import { readServices } from "../find-manifests.js";
import type { Output } from "../output.js";
import { paint } from "../output.js";
import { createPersonLog } from "../person-log.js";
import { botDir, loadMembership } from "../state.js";
import { untilStopped } from "../until-stopped.js";
import { readTextFile } from "./read-text-file.js";

interface Options {
  readonly name: string;
  readonly dir?: string;
  readonly routes: string;
  readonly port: number;
  readonly host?: string;
  readonly advertise?: string;
  readonly logSample?: number;
  readonly metricsPort?: number;
  readonly redis?: string;
  readonly connectPort?: number;
  readonly verbose?: boolean;
}

/** `interlock gateway run`: runs a gateway until it is stopped; SIGHUP reads its routes again. */
export function gatewayRunCommand(output: Output): Command {
  return new Command("run")
    .description("Run a gateway in front of the bots that serve the services of a file of routes.")
    .requiredOption("--routes <file>", "the file of routes, YAML; see docs/gateway.md")
    .option("--name <name>", "the bot of this project as which it runs; join it first", "gateway/1")
    .option("--dir <folder>", "the folder of its identity. Default: .interlock/bots/<name>")
    .option("--port <port>", "the port to listen on", parsePort, 7500)
    .option("--host <host>", "the interface to listen on; 0.0.0.0 or :: for all. Default: 127.0.0.1")
    .option("--advertise <host>", "the host, or host:port, at which bots reach it. Default: its host")
    .option("--log-sample <n>", "log one of so many calls that went well; 0 for none. Default: 100", parseCount)
    .option("--connect-port <port>", "also take JSON over HTTPS on this port; see docs/connect.md", parsePort)
    .option("--metrics-port <port>", "serve metrics to Prometheus on this port of this machine, at /metrics", parsePort)
    .option("--redis <url>", "share the limits with other gateways over this Redis, redis:// or rediss://")
    .option("--verbose", "log everything, not only what matters to a person")
    .addHelpText(
      "after",
      '\nThe bot needs the scope "token:exchange" at each service, and "directory:read" to find its bots. SIGHUP reads the\n' +
        "file of routes again: calls under way go on. Ctrl-C or SIGTERM drains: new calls are refused, open ones may end.\n\n" +
        "Example:\n  interlock join --name gateway/1\n  interlock gateway run --routes routes.yaml --port 7500",
    )
    .action(async (options: Options) => {
      const { name, dir = botDir(name), port, host, advertise, logSample, metricsPort, connectPort, verbose } = options;
      const { openGateway } = await import("@interlock/gateway");
      const { authority } = await loadMembership(dir, name);
      const log = createPersonLog({ verbose: verbose === true, json: output.json });
      const routes = await readRoutes(options.routes);
      const bot = await joinFleet({ authority, name, stateDir: dir, log });
      const redis = options.redis ?? process.env.INTERLOCK_REDIS;
      const limits = redis === undefined ? undefined : await shareLimits(redis, log);
      let metrics: MetricsServer | undefined;
      try {
        const gateway = await openGateway(bot, {
          routes,
          port,
          host,
          advertise,
          logSample,
          ...(connectPort !== undefined && { connect: { port: connectPort } }),
          ...(limits && { createLimiter: limits.createLimiter }),
        });
        const reload = () => {
          readRoutes(options.routes)
            .then((next) => gateway.reload(next))
            .then(
              () => log.info("routes read again", { services: gateway.services.length }),
              (error) => log.error("routes not read again: those before stay", { error: String(error) }),
            );
        };
        if (limits) {
          const show = () => gateway.setHealth(limitsHealth, limits.state.current() === "shared");
          show();
          limits.state.onChange(show);
        }
        process.on("SIGHUP", reload);
        if (metricsPort !== undefined) metrics = await serveMetrics(bot, { port: metricsPort });
        const { address, services } = gateway;
        const { url } = metrics ?? {};
        const connect = gateway.connectPort;
        output.result(
          { ok: true, gateway: address, as: name, services, ...(connect && { connect }), ...(url && { metrics: url }) },
          () => {
            output.line(`${paint("green", "gateway")} ${name} at ${paint("bold", address)}, in front of`);
            for (const service of services) {
              const bots = gateway.instances(service).length;
              output.line(`  ${service}  ${bots === 0 ? "no bot yet" : bots === 1 ? "1 bot" : `${bots} bots`}`);
            }
            if (connect) output.line(`JSON over HTTPS on port ${paint("bold", String(connect))}`);
            if (url) output.line(`metrics at ${paint("bold", url)}`);
            output.line("interlock top shows what passes. Press Ctrl-C to stop.");
          },
        );
        await untilStopped();
        process.off("SIGHUP", reload);
        await gateway.close();
      } finally {
        await metrics?.close();
        await limits?.close();
        await bot.close();
      }
    });
}

/** The name under which the health service says whether the limits are shared. */
const limitsHealth = "interlock.limits";

/** Loaded here because few gateways share their limits. */
async function shareLimits(url: string, log: Log) {
  const { redisLimits } = await import("@interlock/redis");
  return redisLimits({ url, prefix: "interlock", log });
}

async function readRoutes(file: string) {
  const { parseRoutes, routesOf } = await import("@interlock/gateway");
  const text = await readTextFile(file);
  try {
    const read = parseRoutes(text);
    const paths = read.manifests.map((path) => resolve(dirname(file), path));
    const described = new Map<string, string>();
    const services: ServedService[] = [];
    for (const path of paths) {
      const found = await readServices(path);
      const descriptors = await readDescriptors(path);
      services.push(...found);
      if (descriptors !== undefined) for (const { name } of found) described.set(name, descriptors);
    }
    return routesOf(read, services).map((route) => ({ ...route, descriptors: described.get(route.service.name) }));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new InterlockError("INVALID_ARGUMENT", `${file}: ${error.message}`, { cause: error });
  }
}

/** The descriptors beside a manifest, for JSON; `undefined` where there are none. */
async function readDescriptors(manifest: string): Promise<string | undefined> {
  const { descriptorsFile } = await import("protoc-gen-interlock");
  const path = join(dirname(manifest), descriptorsFile);
  return existsSync(path) ? readTextFile(path, maximumDescriptorBytes) : undefined;
}

const maximumDescriptorBytes = 64 * 1_048_576;

function parseCount(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InterlockError("INVALID_ARGUMENT", `--log-sample takes a whole number, and it is "${text}".`);
}

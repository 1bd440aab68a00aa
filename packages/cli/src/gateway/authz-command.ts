import { joinFleet } from "@interlock/bot";
import { Command } from "commander";
import { parsePort } from "../commands/options.js";
import type { Output } from "../output.js";
import { paint } from "../output.js";
import { createPersonLog } from "../person-log.js";
import { loadMembership } from "../state.js";
import { untilStopped } from "../until-stopped.js";
import { type DoorOptions, doorFolders, doorServices, withDoor } from "./door-options.js";

interface Options extends DoorOptions {
  readonly port: number;
  readonly host?: string;
  readonly verbose?: boolean;
  readonly anyBot?: boolean;
}

/** `interlock gateway authz`: decides for Envoy, until it is stopped. */
export function gatewayAuthzCommand(output: Output): Command {
  return withDoor(new Command("authz"))
    .description("Decide for Envoy on every call, exchange the tokens, and keep Envoy's certificates current.")
    .option("--port <port>", "the port to listen on", parsePort, 9443)
    .option("--host <host>", "the interface to listen on. Default: 127.0.0.1, which only this machine reaches")
    .option("--any-bot", "let methods pass that any bot may call; the bot then sees the gateway as the caller")
    .option("--verbose", "log everything, not only what matters to a person")
    .addHelpText(
      "after",
      "\nIt speaks envoy.service.auth.v3 over mutual TLS, and only with Envoy, which has the identity of the same bot from the\n" +
        "folder of the secrets. Run it on Envoy's machine, as Envoy's user.\n\n" +
        "Example:\n  interlock gateway authz --name gateway/1 --port 9443",
    )
    .action(async (options: Options) => {
      const { port, host, verbose = false, anyBot } = options;
      const services = await doorServices(options);
      const { dir, secrets } = doorFolders(options);
      const { authority, name } = await loadMembership(dir, options.name);
      const log = createPersonLog({ verbose, json: output.json });
      const bot = await joinFleet({ authority, name, stateDir: dir, log });
      try {
        const { serveAuthorization } = await import("@interlock/gateway");
        const server = await serveAuthorization(bot, { services, secrets, port, host, anyBot, log });
        const names = services.map((service) => service.name);
        output.result({ ok: true, address: server.address, secrets, services: names }, () => {
          output.line(`${paint("green", "deciding")} for Envoy at ${paint("bold", server.address)}, as ${name}`);
          output.line(`Envoy's certificates and keys are in ${secrets}. Press Ctrl-C to stop.`);
        });
        await untilStopped();
        await server.close();
      } finally {
        await bot.close(0);
      }
    });
}

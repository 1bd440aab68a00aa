import { resolve } from "node:path";
import { joinFleet } from "@interlock/bot";
import { createAuthorityFile } from "@interlock/bot/internal";
import { Command, InvalidArgumentError } from "commander";
import type { Output } from "../output.js";
import { paint } from "../output.js";
import { createPersonLog } from "../person-log.js";
import { botDir } from "../state.js";
import { untilStopped } from "../until-stopped.js";

interface Options {
  readonly name: string;
  readonly socket: string;
  readonly authority?: string;
  readonly dir?: string;
  readonly allowUid?: readonly number[];
  readonly allowGid?: number;
  readonly verbose?: boolean;
}

/** `interlock agent`: gives out the identity of a bot by the SPIFFE Workload API and by Envoy's SDS, until it is stopped. */
export function agentCommand(output: Output): Command {
  return new Command("agent")
    .description("Give out a bot's identity to programs of SPIFFE, and to Envoy, on this machine.")
    .requiredOption("--name <name>", "the bot that the programs become, for example vision/1")
    .requiredOption("--socket <path>", "the Unix socket, in a folder of its own")
    .option("--allow-uid <id...>", "users with a socket of their own each, <folder>/<id>/<socket>", addId)
    .option("--allow-gid <id>", "a group whose members may connect, too", parseId)
    .option("--authority <host:port>", "where to join. Default: INTERLOCK_AUTHORITY, or where it joined last")
    .option("--dir <folder>", "the folder of its identity. Default: .interlock/bots/<name>")
    .option("--verbose", "log everything, not only what matters to a person")
    .addHelpText(
      "after",
      "\nThe first start needs a join token, in INTERLOCK_JOIN_TOKEN. Every process that may connect becomes this bot: it gets\n" +
        "the private key. Only the user of the agent may, unless --allow-uid or --allow-gid says otherwise. See docs/agent.md.\n\n" +
        "Example:\n  interlock agent --name vision/1 --socket /run/interlock/agent.sock\n" +
        "  SPIFFE_ENDPOINT_SOCKET=unix:///run/interlock/agent.sock ./vision",
    )
    .action(async ({ name, dir = botDir(name), ...options }: Options) => {
      const { openAgent } = await import("@interlock/spiffe");
      const saved = (await createAuthorityFile(dir).load())?.authority;
      const authority = options.authority ?? process.env.INTERLOCK_AUTHORITY ?? saved ?? "localhost:7443";
      const joinToken = process.env.INTERLOCK_JOIN_TOKEN || undefined;
      const log = createPersonLog({ verbose: options.verbose === true, json: output.json });
      const bot = await joinFleet({ authority, name, joinToken, stateDir: dir, log });
      try {
        const { allowUid: allowUids, allowGid } = options;
        const socket = resolve(options.socket.replace(/^unix:(\/\/)?(?=\/)/, ""));
        const agent = await openAgent(bot, { socket, allowUids, allowGid });
        const { addresses } = agent;
        output.result({ ok: true, as: name, spiffeId: bot.spiffeId.uri, sockets: addresses }, () => {
          output.line(`${paint("green", "agent")} of ${paint("bold", bot.spiffeId.uri)}`);
          for (const address of addresses) output.line(`SPIFFE_ENDPOINT_SOCKET=${address}`);
          output.line("Press Ctrl-C to stop.");
        });
        await untilStopped();
        await agent.close();
      } finally {
        await bot.close();
      }
    });
}

/** Reads the id of a user or a group; names are for the shell: `$(id -u vision)`. */
function parseId(text: string): number {
  const id = Number(text);
  if (/^\d{1,10}$/.test(text) && id <= 4_294_967_294) return id;
  throw new InvalidArgumentError("Give the id, a number, as `id -u <user>` and `getent group <group>` print it.");
}

function addId(text: string, before: readonly number[] = []): number[] {
  return [...before, parseId(text)];
}

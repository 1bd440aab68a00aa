import { join } from "node:path";
import { type ProbeResult, probe } from "@interlock/bot/health";
import { Command } from "commander";
import { authorityProbe } from "../authority-probe.js";
import type { Output } from "../output.js";
import { botsDir } from "../state-root.js";

interface Options {
  readonly name?: string;
  readonly dir?: string;
  readonly live?: boolean;
}

/** `interlock health`: whether the authority, or a bot of this machine, serves. Nothing else is loaded for it. */
export function healthCommand(output: Pick<Output, "exitCode" | "result" | "line">): Command {
  return new Command("health")
    .description("Tell whether the authority serves, or a bot of this machine: for probes.")
    .argument("[address]", "where to ask, host:port. Default: where it serves")
    .option("--name <name>", "a bot of this project. Default: the authority")
    .option("--dir <folder>", "the folder of a bot's identity, in place of --name")
    .option("--live", "ask only whether it answers, and not whether it is ready for calls")
    .addHelpText(
      "after",
      "\nThe exit code is 0 when it is, and 1 when it is not, with the reason on one line.\n\n" +
        "Example:\n  interlock health --name gripper/1",
    )
    .action(async (address: string | undefined, { name, dir, live }: Options) => {
      const stateDir = dir ?? (name === undefined ? undefined : join(botsDir, name));
      const found = stateDir === undefined ? await authorityProbe(address) : await probe({ stateDir, address });
      const ok = live ? found.alive : found.serving;
      if (!ok) output.exitCode = 1;
      output.result({ ok, ...found }, () => output.line(sentence(found, ok)));
    });
}

function sentence({ name, address, serving, trust, problem }: ProbeResult, ok: boolean): string {
  if (serving) return `${name} serves at ${address}${trust === "stale" ? "; its trust is stale" : ""}`;
  return ok ? `${name} answers at ${address}: ${problem}` : `${name || "the bot"} does not serve: ${problem}`;
}

import { Command } from "commander";
import { asMember } from "../operator.js";
import type { Output } from "../output.js";
import { paint } from "../output.js";
import { untilStopped } from "../until-stopped.js";
import { parsePort } from "./options.js";

interface Options {
  readonly port?: number;
  readonly as?: string;
}

/** `interlock dashboard`: shows the fleet in a browser. */
export function dashboardCommand(output: Output): Command {
  return new Command("dashboard")
    .description("Show the fleet in a browser: bots, certificates, endpoints, refusals. It can read, and nothing else.")
    .option("--port <port>", "the port on this machine. Default: any free port", parsePort)
    .option("--as <name>", "the bot of this project as which to look, for example viewer/alice. Default: the operator")
    .addHelpText(
      "after",
      "\nThe link works once, in one browser on this machine. The dashboard asks for tokens that can only read; the name\n" +
        'viewer/<you>, from "interlock invite viewer/<you>", cannot get any others.\n\nExample:\n  interlock dashboard',
    )
    .action(async ({ port = 0, as }: Options) => {
      const { startDashboard } = await import("../dashboard/start-dashboard.js");
      await asMember(
        async ({ bot, authority }) => {
          const dashboard = await startDashboard(bot, authority, port);
          output.result({ ok: true, link: dashboard.link, authority, as: bot.name }, () => {
            output.line(
              `${paint("green", "dashboard")} of ${authority}, as ${bot.name}. Open this link; it works once:`,
            );
            output.line(`  ${paint("bold", dashboard.link)}`);
            output.line("Press Ctrl-C to stop.");
          });
          await untilStopped();
          await dashboard.close();
        },
        { name: as },
      );
    });
}

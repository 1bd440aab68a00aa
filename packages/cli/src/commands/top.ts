import { Command } from "commander";
import { flowRows, headings, statusLine } from "../gateway/traffic-table.js";
import { asMember } from "../operator.js";
import type { Output } from "../output.js";

interface Options {
  readonly at?: string;
  readonly as?: string;
  readonly once?: boolean;
}

/** `interlock top`: shows what passes through a gateway, live. */
export function topCommand(output: Output): Command {
  return new Command("top")
    .description("Show live what passes through a gateway: which bot calls what, how often, and how it ends.")
    .option("--at <host:port>", "the gateway. Default: the one that the directory knows")
    .option("--as <name>", "the bot of this project as which to look. Default: the operator")
    .option("--once", "show one second, and end")
    .addHelpText(
      "after",
      '\nIt needs the scope "traffic:read" at interlock.gateway.v1.GatewayService, in grants.yaml. With --json it prints one\n' +
        "value for each second.\n\nExample:\n  interlock top\n  interlock top --at 127.0.0.1:7500 --once --json",
    )
    .action(async ({ at, as, once }: Options) => {
      const { GatewayService } = await import("@interlock/gateway");
      await asMember(
        async ({ bot }) => {
          const client = at === undefined ? bot.client(GatewayService) : bot.client(GatewayService, at);
          const leaving = new AbortController();
          for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => leaving.abort());
          try {
            for await (const second of client.watchTraffic({}, { signal: leaving.signal })) {
              const clears = !once && !output.json && process.stdout.isTTY;
              if (clears) process.stdout.write("\x1b[H\x1b[2J");
              output.result({ ok: true, ...second }, () => {
                output.line(statusLine(second));
                output.table(headings, flowRows(second, clears ? (process.stdout.rows ?? 24) - 4 : undefined));
              });
              if (once) return;
            }
          } catch (error) {
            if (!leaving.signal.aborted) throw error;
          }
        },
        { name: as },
      );
    });
}

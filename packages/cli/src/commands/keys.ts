import { Command } from "commander";
import { asMember } from "../operator.js";
import type { Output } from "../output.js";
import { paint } from "../output.js";

/** `interlock keys`: the keys that sign tokens. */
export function keysCommand(output: Output): Command {
  const keys = new Command("keys").description("The keys that sign tokens.");
  keys
    .command("list")
    .description("List the keys that sign tokens now, signed them before, or will sign them.")
    .addHelpText("after", "\nExample:\n  interlock keys list")
    .action(() =>
      asMember(async ({ admin }) => {
        const { keys: listed } = await admin.listTokenKeys({});
        output.result({ ok: true, keys: listed }, () => {
          output.table(
            ["KEY", "STATE", "SIGNS FROM", "WITHDRAWN"],
            listed.map(({ kid, state, signsFrom, withdrawnAt }) => {
              return [kid, state, signsFrom?.toISOString() ?? "", withdrawnAt?.toISOString() ?? ""];
            }),
          );
        });
      }),
    );
  keys
    .command("rotate")
    .description(
      "Create a new key. It signs once every bot has received it; the old key is withdrawn after its last token expires.",
    )
    .option("--leaked", "the old keys have leaked: replace them at once. Bots get new tokens by themselves")
    .addHelpText("after", "\nExample:\n  interlock keys rotate")
    .action(({ leaked = false }: { leaked?: boolean }) =>
      asMember(async ({ admin }) => {
        const { key } = await admin.rotateTokenKey({ leaked });
        output.result({ ok: true, key }, () =>
          output.line(`${paint("green", key?.state ?? "")} ${key?.kid}, signs from ${key?.signsFrom?.toISOString()}`),
        );
      }),
    );
  return keys;
}

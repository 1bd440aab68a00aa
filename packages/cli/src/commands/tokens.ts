import { Command } from "commander";
import { allPages } from "../all-pages.js";
import { asMember } from "../operator.js";
import type { Output } from "../output.js";
import { paint } from "../output.js";

/** `interlock tokens`: lists and deletes join tokens. */
export function tokensCommand(output: Output): Command {
  const tokens = new Command("tokens").description('The join tokens that "interlock invite" created.');
  tokens
    .command("list")
    .description("List join tokens, the latest first. Their secrets are not stored.")
    .addHelpText("after", "\nExample:\n  interlock tokens list")
    .action(() =>
      asMember(async ({ admin }) => {
        const joinTokens = await allPages(admin.listJoinTokens, (answer) => answer.joinTokens);
        output.result({ ok: true, joinTokens }, () => {
          output.table(
            ["ID", "NAME", "USED", "UNTIL"],
            joinTokens.map(({ id, name, used, uses, expiresAt }) => {
              return [id, name, `${used} of ${uses}`, expiresAt?.toISOString() ?? ""];
            }),
          );
        });
      }),
    );
  tokens
    .command("delete")
    .description("Delete a join token, so that it can no longer be used.")
    .argument("<id>", 'the ID that "interlock tokens list" shows')
    .addHelpText("after", "\nExample:\n  interlock tokens delete 5d1c0f9a7be2")
    .action((id: string) =>
      asMember(async ({ admin }) => {
        await admin.deleteJoinToken({ id });
        output.result({ ok: true, deleted: id }, () => output.line(`${paint("green", "deleted")} ${id}`));
      }),
    );
  return tokens;
}

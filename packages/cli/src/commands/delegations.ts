import { AuthorityService, type DelegatedService, type Delegation } from "@interlock/bot/protocol";
import { Command } from "commander";
import { allPages } from "../all-pages.js";
import { nameOf } from "../name-of.js";
import { asMember } from "../operator.js";
import type { Output } from "../output.js";

/** `interlock delegations`: lists what bots have given to other bots. */
export function delegationsCommand(output: Output): Command {
  return new Command("delegations")
    .description("List the delegations that have not expired, the latest first.")
    .option("--name <name>", "those that this bot gave or holds. Default: all, as this project's operator")
    .option("--dir <folder>", "the folder of that bot's identity, if it is not in this project")
    .addHelpText("after", "\nTo end one: interlock undelegate.\n\nExample:\n  interlock delegations")
    .action((self: { readonly name?: string; readonly dir?: string }) =>
      asMember(async ({ bot, authority, admin }) => {
        const isAll = self.name === undefined && self.dir === undefined;
        const own = bot.client(AuthorityService, authority).listOwnDelegations;
        const delegations = await allPages(isAll ? admin.listDelegations : own, (answer) => answer.delegations);
        output.result({ ok: true, delegations }, () => {
          output.table(["ID", "FOR", "FROM", "TO", "ALLOWS", "UNTIL", "STATE"], delegations.map(toRow));
        });
      }, self),
    );
}

function toRow({ id, subject, from, to, allowed, expiresAt, revoked }: Delegation): string[] {
  const parts = allowed.map(partText).join("; ");
  return [
    id,
    nameOf(subject),
    nameOf(from),
    nameOf(to),
    parts,
    expiresAt?.toISOString() ?? "",
    revoked ? "revoked" : "",
  ];
}

/** What a delegation allows at one service, for people. */
export function partText({ service, scopes, methods }: DelegatedService): string {
  return `${service} ${scopes.join(" ")}${methods.length > 0 ? ` (only ${methods.join(", ")})` : ""}`;
}

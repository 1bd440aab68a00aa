import { InterlockError } from "@interlock/bot";
import { denial } from "@interlock/bot/internal";
import { isBotName, type SpiffeId, spiffeId } from "@interlock/policy";
import { keepOperator } from "../grants/keep-operator.js";
import type { BotRow } from "../store/schema.js";
import type { Records, Store } from "../store/store.js";

/**
 * Ends a bot's membership: from now on it gets neither certificates nor tokens. Those that it holds stay valid until
 * they expire; to end its access at once, revoke it. It can join again with a later join token for its name. Rejects
 * with `NOT_FOUND`, and with `LAST_OPERATOR` if `force` is false. Default: true.
 */
export async function retire(
  {
    store,
    trustDomain,
    force = true,
  }: { readonly store: Store; readonly trustDomain: string; readonly force?: boolean },
  name: string,
  now: number,
  by: string,
): Promise<BotRow> {
  const { uri } = spiffeIdOf(trustDomain, name);
  return store.transaction(async (records) => {
    const bot = await records.bots.find(name);
    if (!bot) throw notFound(name);
    if (bot.retiredAt !== null) return bot;
    await keepOperator(records, { kind: "retire", name }, { trustDomain, force }, now);
    await records.bots.retired(name, now);
    await records.joinTokens.deleteFor(name);
    await records.endpoints.replace(uri, [], now);
    await records.auditLog.append({ at: now, kind: "retire", actor: by, subject: uri, details: {} });
    return { ...bot, retiredAt: now };
  });
}

/** Throws `BOT_RETIRED` when a bot has been retired. */
export async function refuseRetired({ bots }: Pick<Records, "bots">, name: string): Promise<void> {
  if ((await bots.find(name))?.retiredAt == null) return;
  throw denial("BOT_RETIRED", `to let it join again: "interlock invite ${name}"`);
}

function spiffeIdOf(trustDomain: string, name: string): SpiffeId {
  if (!isBotName(name)) throw notFound(name);
  return spiffeId(trustDomain, name);
}

function notFound(name: string): InterlockError {
  return new InterlockError("NOT_FOUND", `There is no bot "${name}". List the bots with "interlock bots list".`);
}

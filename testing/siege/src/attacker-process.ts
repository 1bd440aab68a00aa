// The attacker, in a process of its own, so that its work is not the target's.
import { setMaxListeners } from "node:events";
import { setPriority } from "node:os";
import { type Bot, joinFleet, silentLog } from "@interlock/bot";
import { answerParent } from "@interlock/testing-processes";
import type { AttackOutcome, TargetAddress } from "./attack.js";
import { attacks } from "./attacks.js";

export type AttackerAsk =
  | {
      readonly do: "prepare";
      readonly attack: string;
      readonly target: TargetAddress;
      /** Of the attack's bots, in their order. */
      readonly botTokens: readonly string[];
      /** Of the attack's join tokens, in their order. */
      readonly joinTokens: readonly string[];
      readonly folder: string;
      /** The longest that the attack may take, in milliseconds. Default: what the attack says, or 4,000. */
      readonly forMs?: number | undefined;
    }
  | { readonly do: "attack" };

export type AttackerAnswer = AttackOutcome;

const defaultForMs = 4_000;

// An attacker has a machine of its own: it takes what target and bystander leave of this one, and does not slow them by
// sharing their cores. Nice values above 0 need no privilege.
setPriority(10);

let prepared: { readonly ask: AttackerAsk & { do: "prepare" }; readonly bots: readonly Bot[] } | undefined;

answerParent(async (ask: AttackerAsk): Promise<AttackerAnswer> => {
  if (ask.do === "prepare") {
    const { bots: names = [] } = attackOf(ask.attack);
    const bots: Bot[] = [];
    for (const [i, name] of names.entries()) {
      const { authority } = ask.target;
      const stateDir = `${ask.folder}/attacker-${i}`;
      bots.push(await joinFleet({ authority, name, joinToken: ask.botTokens[i], stateDir, log: silentLog }));
    }
    prepared = { ask, bots };
    return { sent: 0, answers: {} };
  }
  if (!prepared) throw new Error("nothing is prepared");
  const { attack, target, joinTokens } = prepared.ask;
  const { forMs = defaultForMs, run } = attackOf(attack);
  const signal = AbortSignal.timeout(Math.min(forMs, prepared.ask.forMs ?? forMs));
  setMaxListeners(0, signal);
  return run({ target, bots: prepared.bots, joinTokens, signal });
});

function attackOf(name: string) {
  const attack = attacks.find((candidate) => candidate.name === name);
  if (!attack) throw new Error(`there is no attack "${name}"`);
  return attack;
}

// The honest bystander, in a process of its own: uses the target all along, and notes how long each use took.
import { type Bot, joinFleet, silentLog } from "@interlock/bot";
import { answerParent } from "@interlock/testing-processes";
import type { ProbeName, TargetAddress } from "./attack.js";
import { probes } from "./probes/probes.js";
import { monotonicMs, type Sample } from "./sample.js";

export type BystanderAsk =
  | {
      readonly do: "begin";
      readonly target: TargetAddress;
      readonly joinToken: string;
      readonly probes: readonly ProbeName[];
      readonly joinTokens: readonly string[];
      readonly folder: string;
    }
  /** Gives the samples since the last time. */
  | { readonly do: "samples" }
  /** Resolves when every probe has succeeded once more. */
  | { readonly do: "use" };

export interface BystanderAnswer {
  readonly samples: readonly Sample[];
}

let samples: Sample[] = [];
const uses: (() => Promise<void>)[] = [];

answerParent(async (ask: BystanderAsk): Promise<BystanderAnswer> => {
  if (ask.do === "begin") {
    const { target, joinToken, folder } = ask;
    const stateDir = `${folder}/bystander`;
    const bot = await joinFleet({
      authority: target.authority,
      name: "honest/1",
      joinToken,
      stateDir,
      log: silentLog,
    });
    await Promise.all(ask.probes.map((name) => begin(name, bot, ask)));
  }
  if (ask.do === "use") {
    await Promise.all(uses.map((use) => use()));
    return { samples: [] };
  }
  const since = samples;
  samples = [];
  return { samples: since };
});

/** Uses the target once, which must succeed, and then again and again. */
async function begin(name: ProbeName, bot: Bot, ask: BystanderAsk & { do: "begin" }): Promise<void> {
  const { everyMs, prepare } = probes[name];
  const joinTokens = [...ask.joinTokens];
  const use = await prepare({ bot, target: ask.target, joinTokens, folder: `${ask.folder}/${name}` });
  await use();
  uses.push(use);
  async function again(): Promise<void> {
    const at = monotonicMs();
    const failure = await use().then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    samples.push({ probe: name, at, ms: monotonicMs() - at, failure });
    setTimeout(again, everyMs);
  }
  setTimeout(again, everyMs);
}

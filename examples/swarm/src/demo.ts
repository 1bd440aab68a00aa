// The story: robots carry items across a warehouse, while attacks and failures are played against them.
//   node examples/swarm/dist/demo.js [--json] [--act NAME] [--workers N] [--tasks N] [--seed N] [--record FILE | --replay FILE]
//     [--data FOLDER] [--grants FILE]
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { acts } from "./acts/acts.js";
import { stopSignal } from "./child.js";
import { createFeed } from "./dashboard/feed.js";
import { startReplay } from "./dashboard/start-replay.js";
import { grants } from "./grants.js";
import { type Options, readOptions, usage } from "./options.js";
import { createReporter } from "./reporter.js";
import type { Stage } from "./stage.js";
import { tellStory } from "./story.js";

const restMs = 1_500;

async function main(options: Options): Promise<boolean> {
  const { json, workers, tasks, seed, record, data } = options;
  const person = !json && process.stdout.isTTY;
  const interrupted = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => interrupted.abort());
  const feed = createFeed();
  const reporter = createReporter(feed, new Map(acts.map(({ name, verdict }) => [name, verdict])), json);
  let told = false;
  const outcome = await tellStory({
    workers,
    tasks,
    seed,
    record,
    data,
    grants: options.grants === "" ? grants : await readFile(options.grants, "utf8"),
    feed,
    signal: interrupted.signal,
    restMs: person ? restMs : 0,
    acts: acts.filter(({ name }) => options.act === "" || name === options.act),
    onStage: reporter.stage,
    async onTold(outcome, stage) {
      told = true;
      reporter.told(outcome);
      if (person) await stay(stage, interrupted.signal);
    },
  });
  if (!told) reporter.told(outcome);
  if (json) {
    const { ok, tasks, acts: played } = outcome;
    const denials = played.flatMap(({ act: attack, denial }) => (denial ? { attack, ...denial } : []));
    const told = played.map(({ denial: _, ...each }) => each);
    process.stdout.write(`${JSON.stringify({ ok, workers, tasks, denials, acts: told })}\n`);
  }
  return outcome.ok;
}

/** Plays the record of an earlier run, until Ctrl-C. */
async function playAgain(file: string): Promise<void> {
  const stopping = stopSignal();
  const { url, close } = await startReplay({ file });
  console.log(`${url}  (Ctrl-C to stop)`);
  if (!stopping.aborted) await once(stopping, "abort");
  await close();
}

/** Keeps the robots at work, and the dashboard with them, until Ctrl-C. */
async function stay(stage: Stage, signal: AbortSignal): Promise<void> {
  process.stdout.write(`The robots keep working. Dashboard: ${stage.fleet.dashboard}   Ctrl-C to stop.\n`);
  while (!signal.aborted) {
    // Ctrl-C reaches every process of the terminal, and some end before this one.
    await stage.keepBusy().catch(() => {});
    await delay(1_000, undefined, { signal }).catch(() => {});
  }
}

try {
  const options = readOptions(
    process.argv.slice(2),
    acts.map(({ name }) => name),
  );
  if (!options) console.log(usage);
  if (options?.replay) {
    await playAgain(options.replay);
    process.exit(0);
  }
  // The remaining processes end with this one.
  process.exit(options && !(await main(options)) ? 1 : 0);
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}\n\n${usage}`);
  process.exit(2);
}

import type { Feed } from "./dashboard/feed.js";
import { type Act, ActState, type FeedEvent } from "./gen/warehouse/v1/feed.js";
import { createScreen } from "./screen.js";
import type { Stage } from "./stage.js";
import type { Outcome } from "./story.js";
import { describeAct, type EndedAct, render, scoreboard, type ViewState } from "./view.js";

/** Shows the progress of the story, from the feed: as a picture on a terminal, elsewhere as lines. */
export interface Reporter {
  /** The swarm is running. `joinLine` is the command that adds one more robot. */
  stage(stage: Stage, joinLine: string): void;
  /** The story has ended: the scoreboard replaces the picture. */
  told(outcome: Outcome): void;
  /** Stops the reports, and restores the terminal. */
  close(): void;
}

const frameMs = 66;
const windowSeconds = 3;

/** Creates a reporter. With `json` it writes nothing to standard output. */
export function createReporter(feed: Feed, verdicts: ReadonlyMap<string, string>, json: boolean): Reporter {
  const began = performance.now();
  const elapsed = () => (performance.now() - began) / 1_000;
  const out = json ? process.stderr : process.stdout;
  const live = !json && process.stdout.isTTY;
  const color = live && !process.env.NO_COLOR && process.env.TERM !== "dumb";
  const screen = live ? createScreen(process.stdout) : undefined;
  const throughput = createThroughput();
  const say = (line: string) => {
    if (!screen) out.write(`${elapsed().toFixed(1).padStart(6)} s  ${line}\n`);
  };
  const acts = new Map<string, EndedAct & Pick<Act, "state">>();
  let staged: { readonly stage: Stage; readonly joinLine: string } | undefined;
  let [note, denied, read] = ["", 0, 0n];
  const denials = new Map<bigint, number>();

  function hear({ event }: FeedEvent): void {
    if (event?.$case === "note") note = event.value.text;
    if (event?.$case === "denial") {
      denied += event.value.count - (denials.get(event.value.id) ?? 0);
      denials.set(event.value.id, event.value.count);
    }
    if (event?.$case !== "act") return;
    const { act, state } = event.value;
    const told = { ...event.value, verdict: verdicts.get(act) ?? "" };
    acts.set(act, told);
    if (state === ActState.ACT_STATE_RUNNING) say(`  ${event.value.title}`);
    if (state === ActState.ACT_STATE_ENDED) say(describeAct(told));
  }

  const stopFollowing = feed.onChange(() => {
    for (const event of feed.since(read)) {
      hear(event);
      read = event.sequence;
    }
  });

  function view(): ViewState | undefined {
    if (!staged) return undefined;
    const { stage, joinLine } = staged;
    const tasks = stage.work.counts();
    return {
      world: stage.world,
      ...stage.work.floor(),
      elapsed: elapsed(),
      tasks,
      denied,
      joinLine,
      note,
      acts: [...acts.values()],
      throughput: throughput(elapsed(), tasks.done),
      address: stage.fleet.dashboard,
    };
  }

  const drawing = setInterval(() => {
    const state = view();
    screen?.show(state ? render(state, color) : `INTERLOCK swarm  ${note}`);
  }, frameMs);
  if (!screen) clearInterval(drawing);

  function close(): void {
    stopFollowing();
    clearInterval(drawing);
    screen?.close();
  }

  return {
    stage(stage, joinLine) {
      staged = { stage, joinLine };
      say(`dashboard: ${stage.fleet.dashboard}`);
      say(`one more robot, from another terminal: ${joinLine}`);
    },
    told({ tasks, acts: played, problems }) {
      const { submitted, completed, lost, duplicated } = tasks;
      const sum = `${completed} of ${submitted} tasks completed in ${elapsed().toFixed(1)} s, ${lost} lost, ${duplicated} done twice`;
      close();
      const lines = [...scoreboard(played), sum, ...problems.map((problem) => `problem: ${problem}`)];
      out.write(`${lines.join("\n")}\n`);
    },
    close,
  };
}

/** Computes the rate of the last few seconds. */
function createThroughput(): (seconds: number, done: number) => number {
  const samples: { seconds: number; done: number }[] = [];
  return (seconds, done) => {
    samples.push({ seconds, done });
    while ((samples[0]?.seconds ?? seconds) < seconds - windowSeconds) samples.shift();
    const first = samples[0] ?? { seconds, done };
    return seconds > first.seconds ? (done - first.done) / (seconds - first.seconds) : 0;
  };
}

import type { Account } from "./account.js";
import { createScreen } from "./screen.js";
import { describeRefused, type Refused, render, type ViewState } from "./view.js";

/** Shows how it goes: on a terminal as a picture, elsewhere as lines. */
export interface Reporter {
  refused(refused: Refused): void;
  /** There is a new line with which one more robot can join. */
  door(joinLine: string): void;
  /** The picture is over. */
  close(): void;
  end(account: Account, refused: readonly Refused[], problems: readonly string[], seconds: number): void;
}

const frameMs = 66;
const lineMs = 1_000;
const windowSeconds = 3;

/** Makes a reporter that looks at `state` as often as it needs to. With `json`, standard output is left alone. */
export function createReporter(json: boolean, state: () => Omit<ViewState, "throughput">): Reporter {
  const out = json ? process.stderr : process.stdout;
  const live = !json && process.stdout.isTTY;
  const color = live && !process.env.NO_COLOR && process.env.TERM !== "dumb";
  const throughput = createThroughput();
  const screen = live ? createScreen(process.stdout) : undefined;
  const say = (line: string) => {
    if (!screen) out.write(`${line}\n`);
  };

  const drawing = setInterval(
    () => {
      const now = state();
      const { elapsed, robots, tasks, note } = now;
      const rate = throughput(elapsed, tasks.done);
      screen?.show(render({ ...now, throughput: rate }, color));
      const counts = `${tasks.done}/${tasks.total} done, ${tasks.active} under way, ${rate.toFixed(1)}/s`;
      say(`${elapsed.toFixed(1).padStart(5)} s  ${note}: ${robots.length} robots, ${counts}`);
    },
    live ? frameMs : lineMs,
  );

  const close = () => {
    clearInterval(drawing);
    screen?.close();
  };

  return {
    refused: (refused) => say(`✘ ${describeRefused(refused)}`),
    door: (joinLine) => say(`one more robot, from another terminal:\n${joinLine}`),
    close,
    end({ submitted, completed, lost, duplicated }, refused, problems, seconds) {
      close();
      const lines = [
        ...(live ? refused.map((each) => `✘ ${describeRefused(each)}`) : []),
        `${completed} of ${submitted} items delivered in ${seconds.toFixed(1)} s, ${lost} lost, ${duplicated} done twice; ` +
          `${refused.length} refused`,
        ...problems.map((problem) => `problem: ${problem}`),
      ];
      out.write(`${lines.join("\n")}\n`);
    },
  };
}

/** Gives the rate of the last few seconds. */
function createThroughput(): (seconds: number, done: number) => number {
  const samples: { seconds: number; done: number }[] = [];
  return (seconds, done) => {
    samples.push({ seconds, done });
    while ((samples[0]?.seconds ?? seconds) < seconds - windowSeconds) samples.shift();
    const first = samples[0] ?? { seconds, done };
    return seconds > first.seconds ? (done - first.done) / (seconds - first.seconds) : 0;
  };
}

import { fork } from "node:child_process";
import { once } from "node:events";
import { atExit } from "./at-exit.js";

/** A process that this one has started, asks, and listens to. */
export interface Forked<Ask, Answer extends object, Event = never> {
  readonly pid: number;
  /** Asks one thing at a time. Rejects when the process fails or ends. */
  ask(ask: Ask): Promise<Answer>;
  /** Adds a listener to what the process tells unasked. */
  onEvent(listener: (event: Event) => void): void;
  /** How many bytes the process has printed so far, where its output is counted. */
  readonly printed: number;
  /** Resolves, to the exit code or the signal's name, when the process has ended. */
  readonly ended: Promise<number | string>;
  stop(): Promise<void>;
  /** Ends the process with SIGKILL, whatever it does at the moment. */
  kill(): Promise<void>;
}

/** How a process is started. */
export interface ForkOptions {
  /** Where the process leaves a CPU profile when it ends. Default: none. */
  readonly profileFolder?: string | undefined;
  /** Counts what the process prints, instead of showing it. Default: false. */
  readonly countOutput?: boolean | undefined;
  /** The Node that runs the process. Default: this one. */
  readonly execPath?: string | undefined;
}

/** What goes over the channel, from the child. */
type Message = { readonly answer: object } | { readonly error: string } | { readonly event: unknown };

/** Forks the module at `url`, which calls `answerParent`. `name` is for errors and for the CPU profile. */
export function forkProcess<Ask extends object, Answer extends object, Event = never>(
  url: URL,
  name: string,
  options: ForkOptions = {},
): Forked<Ask, Answer, Event> {
  const { profileFolder, countOutput = false, execPath = process.execPath } = options;
  const profiling = ["--cpu-prof", `--cpu-prof-dir=${profileFolder}`, `--cpu-prof-name=${name}.cpuprofile`];
  // What this process was started with counts there too, such as `--import`.
  const execArgv = [...process.execArgv, "--expose-gc", ...(profileFolder ? profiling : [])];
  const output = countOutput ? "pipe" : "inherit";
  const child = fork(url, { execArgv, execPath, serialization: "advanced", stdio: ["ignore", output, output, "ipc"] });
  const withdraw = atExit(() => child.kill("SIGKILL"));
  let printed = 0;
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (bytes: Buffer) => {
      printed += bytes.length;
    });
  }
  const listeners = new Set<(event: Event) => void>();
  let settle: ((message: Message) => void) | undefined;
  child.on("message", (message: Message) => {
    if ("event" in message) for (const listener of listeners) listener(message.event as Event);
    else settle?.(message);
  });
  const ended = once(child, "exit").then(([code, signal]): number | string => {
    withdraw();
    return code ?? signal;
  });
  const lost = ended.then((how): Message => ({ error: `the process ended (${how})` }));
  return {
    pid: child.pid as number,
    get printed() {
      return printed;
    },
    ended,
    async ask(ask) {
      const answered = new Promise<Message>((resolve) => {
        settle = resolve;
      });
      child.send(ask, () => {}); // `lost` tells of a process that has ended.
      const message = await Promise.race([answered, lost]);
      if ("error" in message) throw new Error(`${name}: ${message.error}`);
      return (message as { answer: Answer }).answer;
    },
    onEvent: (listener) => void listeners.add(listener),
    async stop() {
      if (child.connected) child.disconnect();
      const timer = setTimeout(() => child.kill("SIGKILL"), 3_000);
      await ended;
      clearTimeout(timer);
    },
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

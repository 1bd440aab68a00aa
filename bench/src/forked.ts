import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

/** A process that this one has started, asks, and listens to. */
export interface Forked<Ask, Answer extends object, Event = never> {
  /** Asks one thing at a time. Rejects when the process fails or ends. */
  ask(ask: Ask): Promise<Answer>;
  /** What it tells unasked. */
  onEvent(listener: (event: Event) => void): void;
  stop(): Promise<void>;
  /** Ends it with SIGKILL, in the middle of whatever it does. */
  kill(): Promise<void>;
}

/** What goes over the channel, from the child. */
type Message = { readonly answer: object } | { readonly error: string } | { readonly event: unknown };

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/**
 * Forks the module at `url`, which calls {@link answerParent}. `name` is for errors, and for the CPU profile that it
 * leaves in `profileFolder`, where one is given.
 */
export function forkProcess<Ask extends object, Answer extends object, Event = never>(
  url: URL,
  name: string,
  profileFolder?: string,
): Forked<Ask, Answer, Event> {
  const profiling = ["--cpu-prof", `--cpu-prof-dir=${profileFolder}`, `--cpu-prof-name=${name}.cpuprofile`];
  const execArgv = ["--expose-gc", ...(profileFolder ? profiling : [])];
  const child = fork(url, { execArgv, serialization: "advanced" });
  running.add(child);
  const listeners = new Set<(event: Event) => void>();
  let settle: ((message: Message) => void) | undefined;
  child.on("message", (message: Message) => {
    if ("event" in message) for (const listener of listeners) listener(message.event as Event);
    else settle?.(message);
  });
  const exited = once(child, "exit").then(([code, signal]) => {
    running.delete(child);
    return { error: `the process ended (${code ?? signal})` };
  });
  return {
    async ask(ask) {
      const answered = new Promise<Message>((resolve) => {
        settle = resolve;
      });
      child.send(ask, () => {}); // Where it has ended, that is told below.
      const message = await Promise.race([answered, exited]);
      if ("error" in message) throw new Error(`${name}: ${message.error}`);
      return (message as { answer: Answer }).answer;
    },
    onEvent: (listener) => void listeners.add(listener),
    async stop() {
      if (child.connected) child.disconnect();
      const timer = setTimeout(() => child.kill("SIGKILL"), 3_000);
      await exited;
      clearTimeout(timer);
    },
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** In the child: answers what the parent asks, one thing at a time, and ends with it. */
export function answerParent<Ask>(answer: (ask: Ask) => Promise<object>): void {
  // Whatever becomes of the parent, this process ends with it.
  process.on("disconnect", () => process.exit());
  process.on("message", (ask: Ask) => {
    answer(ask).then(
      (answer) => process.send?.({ answer }),
      (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) }),
    );
  });
}

/** In the child: tells the parent something unasked. */
export function tellParent(event: unknown): void {
  process.send?.({ event });
}

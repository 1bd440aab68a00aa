import { fork } from "node:child_process";
import { once } from "node:events";
import { atExit } from "./at-exit.js";

/** A child process that answers requests and reports events. */
export interface Forked<Ask, Answer extends object, Event = never> {
  /** Asks one thing at a time. Rejects when the process fails or ends. */
  ask(ask: Ask): Promise<Answer>;
  /** Calls `listener` for each message that is not an answer. */
  onEvent(listener: (event: Event) => void): void;
  stop(): Promise<void>;
  /** Ends the process with SIGKILL, whatever it is doing. */
  kill(): Promise<void>;
}

/** A message from the child to the parent. */
type Message = { readonly answer: object } | { readonly error: string } | { readonly event: unknown };

/**
 * Forks the module at `url`, which calls {@link answerParent}. `name` is for errors, and for the CPU profile that the process
 * leaves in `profileFolder`, if that is given.
 */
export function forkProcess<Ask extends object, Answer extends object, Event = never>(
  url: URL,
  name: string,
  profileFolder?: string,
): Forked<Ask, Answer, Event> {
  const profiling = ["--cpu-prof", `--cpu-prof-dir=${profileFolder}`, `--cpu-prof-name=${name}.cpuprofile`];
  const execArgv = ["--expose-gc", ...(profileFolder ? profiling : [])];
  const child = fork(url, { execArgv, serialization: "advanced" });
  const withdraw = atExit(() => child.kill("SIGKILL"));
  const listeners = new Set<(event: Event) => void>();
  let settle: ((message: Message) => void) | undefined;
  child.on("message", (message: Message) => {
    if ("event" in message) for (const listener of listeners) listener(message.event as Event);
    else settle?.(message);
  });
  const exited = once(child, "exit").then(([code, signal]) => {
    withdraw();
    return { error: `the process ended (${code ?? signal})` };
  });
  return {
    async ask(ask) {
      const answered = new Promise<Message>((resolve) => {
        settle = resolve;
      });
      child.send(ask, () => {}); // If the process has ended, `exited` says so.
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

/** In the child: answers the requests of the parent, one at a time. The child ends with its parent. */
export function answerParent<Ask>(answer: (ask: Ask) => Promise<object>): void {
  process.on("disconnect", () => process.exit());
  process.on("message", (ask: Ask) => {
    answer(ask).then(
      (answer) => process.send?.({ answer }),
      (error: unknown) => process.send?.({ error: error instanceof Error ? error.message : String(error) }),
    );
  });
}

/** In the child: reports an event to the parent. */
export function tellParent(event: unknown): void {
  process.send?.({ event });
}

import { type Forked, forkProcess } from "@interlock/testing-processes";
import type { Load, LoadTimes } from "./load.js";
import type { EndName } from "./variant-name.js";

/** A request of the parent to a process. */
export type Ask =
  | { readonly do: "serve"; readonly variant: EndName; readonly settings: unknown }
  | { readonly do: "connect"; readonly variant: EndName; readonly settings: unknown; readonly address: string }
  | { readonly do: "collect" }
  | { readonly do: "trace"; readonly on: boolean }
  | { readonly do: "begin" }
  | { readonly do: "end" }
  | { readonly do: "run"; readonly load: Load };

/** The answer to a request, which decides which fields are present. */
export interface Answer {
  readonly address?: string;
  /** CPU time of the whole process, in microseconds. */
  readonly cpu?: number;
  readonly times?: LoadTimes;
}

/** One process under measurement. */
export type Child = Pick<Forked<Ask, Required<Answer>>, "ask" | "stop">;

/** Forks a process. It leaves a CPU profile in `profileFolder`, if that is given. */
export function startChild(name: string, profileFolder?: string): Child {
  return forkProcess(new URL("./child.js", import.meta.url), name, { profileFolder });
}

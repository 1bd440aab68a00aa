import { type Forked, forkProcess } from "./forked.js";
import type { Load, LoadTimes } from "./load.js";
import type { VariantName } from "./variant.js";

/** What the parent asks of a process. */
export type Ask =
  | { readonly do: "serve"; readonly variant: VariantName; readonly settings: unknown }
  | { readonly do: "connect"; readonly variant: VariantName; readonly settings: unknown; readonly address: string }
  | { readonly do: "collect" }
  | { readonly do: "begin" }
  | { readonly do: "end" }
  | { readonly do: "run"; readonly load: Load };

/** What it answers; which fields are there depends on what was asked. */
export interface Answer {
  readonly address?: string;
  /** CPU time of the whole process, in microseconds. */
  readonly cpu?: number;
  readonly times?: LoadTimes;
}

/** One process under measurement. */
export type Child = Forked<Ask, Required<Answer>>;

/** Forks a process; `profileFolder` is where it leaves a CPU profile, if anywhere. */
export function startChild(name: string, profileFolder?: string): Child {
  return forkProcess(new URL("./child.js", import.meta.url), name, profileFolder);
}

import type { Counts, KnockOptions } from "./knock-all.js";
import type { ScanHost } from "./target.js";

/** What a thread of a scan is to do. */
export interface ThreadTask {
  readonly hosts: readonly ScanHost[];
  readonly options: KnockOptions;
  /** Its number among the threads, from 1; the thread that starts the others is 0. */
  readonly thread: number;
  /** Numbers that all threads share, at {@link places}. */
  readonly shared: Int32Array<SharedArrayBuffer>;
}

/** Where the shared numbers stand. */
export const places = {
  /** How many blocks of pairs have been given out. */
  blocks: 0,
  /** 1 while no attempt is to start. */
  paused: 1,
  /** For each thread, 1 as soon as it may have taken a pair. */
  begun: 2,
} as const;

/** What a thread tells: a port that listens, with the index of its host, or how far it has come. */
export type ThreadMessage = { readonly host: number; readonly port: number } | Counts;

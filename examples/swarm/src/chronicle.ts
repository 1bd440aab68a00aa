import type { Bot } from "@interlock/bot";
import { tellOf } from "./child.js";
import type { ChildMessage } from "./messages.js";

/** A message of a process, and when it was received, in milliseconds since the epoch. */
export type Said<T extends ChildMessage["type"] = ChildMessage["type"]> = Extract<ChildMessage, { type: T }> & {
  readonly from: string;
  readonly heardAt: number;
};

/** All messages of the processes. */
export interface Chronicle {
  note(from: string, message: ChildMessage): void;
  /** Records a message of a bot in this process. */
  follow(bot: Bot): void;
  onSaid(listener: (said: Said) => void): void;
  /** All messages of this type. */
  all<T extends ChildMessage["type"]>(type: T): readonly Said<T>[];
  /** Resolves to the first matching message after the moment `since`. Rejects after `withinMs`. Default: 10 s. */
  until<T extends ChildMessage["type"]>(
    type: T,
    fits: (said: Said<T>) => boolean,
    since: number,
    withinMs?: number,
  ): Promise<Said<T>>;
}

const patienceMs = 10_000;
const kept = 20_000;

export function createChronicle(): Chronicle {
  const said: Said[] = [];
  const listeners = new Set<(each: Said) => void>();
  function note(from: string, message: ChildMessage): void {
    const each = { ...message, from, heardAt: Date.now() } as Said;
    said.push(each);
    if (said.length > kept) said.shift();
    for (const listener of [...listeners]) listener(each);
  }
  return {
    note,
    follow: (bot) => tellOf(bot, (message) => note(bot.name, message)),
    onSaid: (listener) => void listeners.add(listener),
    all: <T extends ChildMessage["type"]>(type: T) => said.filter((each) => each.type === type) as Said[] as Said<T>[],
    until<T extends ChildMessage["type"]>(
      type: T,
      fits: (said: Said<T>) => boolean,
      since: number,
      withinMs = patienceMs,
    ) {
      const isIt = (each: Said) => each.type === type && each.heardAt >= since && fits(each as Said<T>);
      const found = said.find(isIt);
      if (found) return Promise.resolve(found as Said<T>);
      return new Promise<Said<T>>((resolve, reject) => {
        const timer = setTimeout(() => {
          listeners.delete(listener);
          reject(new Error(`nobody said "${type}" as expected within ${withinMs} ms`));
        }, withinMs);
        function listener(each: Said): void {
          if (!isIt(each)) return;
          clearTimeout(timer);
          listeners.delete(listener);
          resolve(each as Said<T>);
        }
        listeners.add(listener);
      });
    },
  };
}

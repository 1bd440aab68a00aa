import { setTimeout as delay } from "node:timers/promises";
import type { Implementation } from "@interlock/bot";
import type { FeedService } from "../gen/warehouse/v1/feed_interlock.js";
import type { Feed } from "./feed.js";

const frameMs = 25;
const quietMs = 1_000;
const systemWait = (ms: number, signal: AbortSignal) => delay(ms, undefined, { signal }).catch(() => {});

/**
 * Serves a feed. A watcher gets new events at most once per frame, so a flood of denials is a few messages. After a second
 * without events it gets a sign of life.
 *
 * ```ts
 * await bot.serve({ port: 0 }, (routes) => routes.add(FeedService, feedService(feed)));
 * ```
 */
export function feedService(feed: Feed, wait = systemWait): Implementation<typeof FeedService> {
  return {
    async *watchFeed({ after }, { signal }) {
      let read = after;
      let wake = new AbortController();
      const unsubscribe = feed.onChange(() => wake.abort());
      try {
        yield {};
        while (!signal.aborted) {
          wake = new AbortController();
          for (const event of feed.since(read)) {
            yield { event };
            read = event.sequence;
          }
          if (!wake.signal.aborted) await wait(quietMs, AbortSignal.any([signal, wake.signal]));
          if (signal.aborted) return;
          if (!wake.signal.aborted) yield {};
          else await wait(frameMs, signal);
        }
      } finally {
        unsubscribe();
      }
    },
  };
}

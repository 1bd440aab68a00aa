import { setTimeout as delay } from "node:timers/promises";
import type { Implementation } from "@interlock/bot";
import type { FeedService } from "../gen/warehouse/v1/feed_interlock.js";
import type { Feed } from "./feed.js";

const frameMs = 25;
const nextFrame = (signal: AbortSignal) => delay(frameMs, undefined, { signal }).catch(() => {});

/**
 * Serves a feed. A watcher is sent what is new at most once a frame, so a flood of denials is a few messages.
 *
 * ```ts
 * await bot.serve({ port: 0 }, (routes) => routes.add(FeedService, feedService(feed)));
 * ```
 */
export function feedService(feed: Feed, frame = nextFrame): Implementation<typeof FeedService> {
  return {
    async *watchFeed({ after }, { signal }) {
      let read = after;
      let wake = () => {};
      let news = Promise.resolve();
      const expectNews = () => {
        news = new Promise((resolve) => {
          wake = resolve;
        });
      };
      const unsubscribe = feed.onChange(() => wake());
      const end = () => wake();
      signal.addEventListener("abort", end);
      try {
        while (!signal.aborted) {
          expectNews();
          for (const event of feed.since(read)) {
            yield { event };
            read = event.sequence;
          }
          await news;
          await frame(signal);
        }
      } finally {
        unsubscribe();
        signal.removeEventListener("abort", end);
      }
    },
  };
}

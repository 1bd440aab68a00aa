import { setTimeout as delay } from "node:timers/promises";
import type { Bot, InterlockError } from "@interlock/bot";
import { OperatorService, SafetyService, type Task, UpdateType } from "@interlock/swarm";
import { FeedService } from "../gen/warehouse/v1/feed_interlock.js";
import type { Robot } from "../gen/warehouse/v1/warehouse.js";
import { TrafficService } from "../gen/warehouse/v1/warehouse_interlock.js";
import { follow } from "./follow.js";
import type { LinkView, News, RobotView, TaskView } from "./model/entry.js";
import { feedNews, robotView, safetyView, taskView, workerView } from "./views.js";

/** What to watch, and with which bot. */
export interface WatchOptions {
  readonly bot: Pick<Bot, "client">;
  readonly leaders: readonly string[];
  /** `host:port` of the TrafficService. */
  readonly floor: string;
  readonly feed: string | undefined;
  /** Is called with every change. */
  readonly onNews: (news: News) => void;
  readonly signal: AbortSignal;
}

/** A leader sends the state of the emergency stop at least every half second, a feed a sign of life every second. */
const silentMs = 2_000;
const feedSilentMs = 3_000;
const rosterMs = 500;

/** Watches leaders and feed until `signal` aborts. Broken streams are reopened. */
export async function watchSwarm({ bot, leaders, floor, feed, onNews, signal }: WatchOptions): Promise<void> {
  const clients = new Map(
    leaders.map((address) => [
      address,
      {
        operator: bot.client(OperatorService, address),
        safety: bot.client(SafetyService, address),
      },
    ]),
  );
  const at = (address: string) => clients.get(address) as NonNullable<ReturnType<typeof clients.get>>;
  const link = createLinks(onNews);
  /** The leader that answered last; none while none answers. */
  let leader: string | undefined;
  let heard = new AbortController();
  /** Ends the reads from a leader when it falls silent, even if nothing has closed them. */
  const whileHeard = (signal: AbortSignal) => AbortSignal.any([signal, heard.signal]);

  const watchSafety = () => {
    let told = "";
    let current = "";
    return follow(leaders, {
      open(address, each) {
        current = address;
        return at(address).safety.watchSafety({ withWorkers: true }, { signal: each });
      },
      onMessage({ safety }) {
        leader = current;
        link("leader", "");
        if (!safety) return;
        const view = safetyView(safety);
        const text = JSON.stringify(view);
        if (text !== told) onNews({ kind: "safety", safety: view });
        told = text;
      },
      onEnd(error) {
        leader = undefined;
        heard.abort();
        heard = new AbortController();
        link("leader", reasonOf(error));
      },
      silentMs,
      signal,
    });
  };

  const watchTasks = () => {
    let cursor = "";
    let list: Task[] | undefined;
    const changed = createTaskFilter();
    return follow(leaders, {
      open(address, each) {
        list = undefined;
        return at(address).operator.watchTasks({ cursor }, { signal: whileHeard(each) });
      },
      onMessage(update) {
        if (update.type === UpdateType.UPDATE_TYPE_COMPLETE) list = [];
        list?.push(...update.tasks);
        // A long list comes in several messages; only the last has a cursor.
        if (update.cursor === "") return;
        cursor = update.cursor;
        const tasks = changed(list ?? update.tasks, list !== undefined);
        if (list || tasks.length > 0) onNews({ kind: "tasks", complete: list !== undefined, tasks });
        list = undefined;
      },
      signal,
    });
  };

  const watchFloor = () => {
    const difference = createFloorDifference();
    const traffic = bot.client(TrafficService, floor);
    let working = "";
    return follow([floor], {
      open: (_, each) => traffic.watchFloor({}, { signal: each }),
      onMessage({ robots, machines }) {
        const news = difference(robots);
        if (news) onNews(news);
        const now = JSON.stringify(machines);
        if (now !== working) onNews({ kind: "machines", machines });
        working = now;
      },
      signal,
    });
  };

  const watchRoster = async () => {
    while (!signal.aborted) {
      if (leader !== undefined) {
        const options = { signal, timeoutMs: silentMs };
        // The safety stream reports a leader that does not answer.
        const answer = await at(leader)
          .operator.listWorkers({}, options)
          .catch(() => undefined);
        if (answer) onNews({ kind: "workers", workers: answer.workers.map(workerView) });
      }
      await delay(rosterMs, undefined, { signal }).catch(() => {});
    }
  };

  const watchFeed = (address: string) => {
    const client = bot.client(FeedService, address);
    let after = 0n;
    return follow([address], {
      open: (_, each) => client.watchFeed({ after }, { signal: each }),
      onMessage({ event }) {
        link("feed", "");
        after = event?.sequence ?? after;
        const news = event && feedNews(event);
        if (news) onNews(news);
      },
      onEnd: (error) => link("feed", reasonOf(error)),
      silentMs: feedSilentMs,
      signal,
    });
  };

  const watches = [watchSafety(), watchTasks(), watchFloor(), watchRoster()];
  await Promise.all(feed === undefined ? watches : [...watches, watchFeed(feed)]);
}

function reasonOf(error: InterlockError): string {
  return error.reason || error.code;
}

/** Reports a link only when it changes. */
function createLinks(onNews: WatchOptions["onNews"]): (to: LinkView["to"], reason: string) => void {
  const told = new Map<LinkView["to"], string>();
  return (to, reason) => {
    if (told.get(to) === reason) return;
    told.set(to, reason);
    onNews({ kind: "link", link: { to, up: reason === "", reason } });
  };
}

/** Passes only newer states than before: a leader may repeat itself. */
function createTaskFilter(): (tasks: readonly Task[], complete: boolean) => TaskView[] {
  const revisions = new Map<string, bigint>();
  return (tasks, complete) => {
    if (complete) revisions.clear();
    const fresh = tasks.filter(({ taskId, revision }) => revision > (revisions.get(taskId) ?? -1n));
    for (const { taskId, revision } of fresh) revisions.set(taskId, revision);
    return fresh.map(taskView);
  };
}

/** The changes since the previous floor; `undefined` for none. */
function createFloorDifference(): (robots: readonly Robot[]) => News | undefined {
  let before: Map<string, string> | undefined;
  return (robots) => {
    const views = robots.map(robotView);
    const now = new Map(views.map((view) => [view.name, JSON.stringify(view)]));
    const complete = before === undefined;
    const moved: RobotView[] = views.filter(({ name }) => now.get(name) !== before?.get(name));
    const gone = [...(before?.keys() ?? [])].filter((name) => !now.has(name));
    before = now;
    return complete || moved.length + gone.length > 0 ? { kind: "robots", complete, robots: moved, gone } : undefined;
  };
}

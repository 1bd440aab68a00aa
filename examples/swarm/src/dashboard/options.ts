import type { Bot } from "@interlock/bot";
import type { FloorPlan } from "./model/entry.js";

/** What a dashboard looks at, and how it is looked at. */
export interface DashboardOptions {
  /** Who looks: a bot that is granted `swarm:read`, `safety:watch`, `floor:read`, `feed:read`, and nothing else. */
  readonly bot: Pick<Bot, "client">;
  /** `host:port` of every leader. */
  readonly leaders: readonly string[];
  /** `host:port` of the TrafficService. */
  readonly floor: string;
  /** `host:port` of the FeedService. Without it there are no acts, denials and credentials to see. */
  readonly feed?: string;
  readonly plan: FloorPlan;
  /** Of the page, on 127.0.0.1; 0, or unsaid, for any free one. */
  readonly port?: number;
  /** A file that is written with all that is seen, for a replay. */
  readonly record?: string;
}

/** A dashboard that can be looked at. */
export interface Dashboard {
  /** `http://127.0.0.1:port/`. */
  readonly url: string;
  /** Ends the watching and the page; the record is whole then. */
  close(): Promise<void>;
}

/** What the demo tells the dashboard's process. */
export interface DashboardConfig {
  readonly authority: string;
  readonly joinToken: string;
  readonly stateDir: string;
  readonly leaders: readonly string[];
  readonly floor: string;
  readonly feed: string;
  readonly port: number;
  /** Empty: nothing is recorded. */
  readonly record: string;
}

import type { Bot } from "@interlock/bot";
import type { FloorPlan } from "./model/entry.js";

/** The options of a dashboard: what it watches, and where it serves its page. */
export interface DashboardOptions {
  /** The dashboard's bot, with the grants `swarm:read`, `safety:watch`, `floor:read`, `feed:read`, and nothing else. */
  readonly bot: Pick<Bot, "client">;
  /** `host:port` of every leader. */
  readonly leaders: readonly string[];
  /** `host:port` of the TrafficService. */
  readonly floor: string;
  /** `host:port` of the FeedService. Without it the page shows no acts, denials and credentials. */
  readonly feed?: string;
  readonly plan: FloorPlan;
  /** The port of the page, on 127.0.0.1. Default: 0, any free port. */
  readonly port?: number;
  /** A file that gets a record of everything, for a replay. */
  readonly record?: string;
}

/** A running dashboard. */
export interface Dashboard {
  /** `http://127.0.0.1:port/`. */
  readonly url: string;
  /** Stops watching and closes the page; then the record is complete. */
  close(): Promise<void>;
}

/** The configuration of the dashboard's process. */
export interface DashboardConfig {
  readonly authority: string;
  readonly joinToken: string;
  readonly stateDir: string;
  readonly leaders: readonly string[];
  readonly floor: string;
  readonly feed: string;
  readonly port: number;
  /** The file of the record; empty for none. */
  readonly record: string;
}

// The dashboard's process. The demo starts it. By hand it shows a running swarm, or the record of an earlier run:
//   node dist/dashboard/main.js run.ndjson
//   node dist/dashboard/main.js --authority 127.0.0.1:7443 --leader 127.0.0.1:7450 --floor 127.0.0.1:7455 --feed 127.0.0.1:7460 --join ILK1-…
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { InterlockError, joinFleet, parseJoinToken, silentLog } from "@interlock/bot";
import { receiveConfig, stopSignal, tell } from "../child.js";
import { createWorld } from "../world.js";
import { floorPlan } from "./floor-plan.js";
import type { Dashboard, DashboardConfig } from "./options.js";
import { startDashboard } from "./start-dashboard.js";
import { startReplay } from "./start-replay.js";

const usage = `node examples/swarm/dist/dashboard/main.js FILE [--port N]
node examples/swarm/dist/dashboard/main.js --authority HOST:PORT --leader HOST:PORT --floor HOST:PORT --join ILK1-… [options]

  FILE             the record of a run, to be played
  --authority …    host:port of the authority
  --leader …       host:port of the leader; of each, joined by commas
  --floor …        host:port of the floor
  --join ILK1-…    a join token for dashboard/1
  --feed …         host:port of the story's feed
  --record FILE    where to write what is seen
  --port N         port of the page (default: any free port)`;

type Asked = { file: string; port: number } | Omit<DashboardConfig, "stateDir">;

/** Reads the arguments: a file to replay or a swarm to watch; `undefined` for --help. Throws an `Error` that says what is wrong. */
function readArguments(args: string[]): Asked | undefined {
  const text = { type: "string", default: "" } as const;
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      help: { type: "boolean", default: false },
      authority: text,
      leader: text,
      floor: text,
      feed: text,
      join: text,
      record: text,
      port: text,
    },
  });
  const { authority, leader, floor, feed, join: joinToken, record } = values;
  if (values.help) return undefined;
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`--port is "${values.port}".`);
  const [file, ...rest] = positionals;
  if (rest.length > 0) throw new Error("Only one file can be replayed at a time.");
  if (file !== undefined) return { file, port };
  if (!authority || !leader || !floor || !joinToken)
    throw new Error("An argument is missing: name a file to replay, or the addresses of a swarm to watch.");
  return { authority, joinToken, leaders: leader.split(","), floor, feed, port, record };
}

async function look(config: DashboardConfig): Promise<Dashboard> {
  const { authority, joinToken, stateDir, leaders, floor, feed, port, record } = config;
  const name = parseJoinToken(joinToken)?.name ?? "";
  const bot = await joinFleet({ authority, name, joinToken, stateDir, log: silentLog });
  const { url, close } = await startDashboard({
    bot,
    leaders,
    floor,
    port,
    plan: floorPlan(createWorld()),
    ...(feed && { feed }),
    ...(record && { record }),
  });
  return { url, close: () => close().then(() => bot.close(0)) };
}

async function byHand(asked: Asked): Promise<Dashboard> {
  if ("file" in asked) return startReplay(asked);
  const stateDir = await mkdtemp(join(tmpdir(), "interlock-dashboard-"));
  const dashboard = await look({ ...asked, stateDir });
  const close = () => dashboard.close().finally(() => rm(stateDir, { recursive: true, force: true }));
  return { ...dashboard, close };
}

const child = process.send !== undefined;
let asked: Asked | undefined;
try {
  if (!child) asked = readArguments(process.argv.slice(2));
  if (!child && !asked) {
    console.log(usage);
    process.exit();
  }
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}\n\n${usage}`);
  process.exit(2);
}
try {
  const stopping = stopSignal();
  const dashboard = asked ? await byHand(asked) : await look(await receiveConfig<DashboardConfig>());
  const leave = () => void dashboard.close().finally(() => process.exit(0));
  stopping.addEventListener("abort", leave);
  if (stopping.aborted) leave();
  tell({ type: "ready", address: dashboard.url });
  if (asked) console.log(`${dashboard.url}  (Ctrl-C to stop)`);
} catch (error) {
  console.error(InterlockError.from(error).message);
  process.exit(1);
}

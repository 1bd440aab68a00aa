// One robot's process. The demo starts some; the line that the demo prints starts one more from another terminal:
//   node dist/worker.js --authority 127.0.0.1:7443 --leader 127.0.0.1:7450 --join ILK1-…
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { InterlockError, joinFleet, parseJoinToken, silentLog } from "@interlock/bot";
import { runWorker } from "@interlock/swarm";
import { carryHandler, carryKind, createRobot } from "./carry.js";
import { receiveConfig, stopSignal, tell } from "./child.js";
import { TrafficService } from "./gen/warehouse/v1/warehouse_interlock.js";
import type { WorkerConfig } from "./messages.js";
import { createRandom } from "./random.js";
import { createWorld } from "./world.js";

const patienceMs = 5_000;

async function configFromArguments(): Promise<WorkerConfig> {
  const text = { type: "string", default: "" } as const;
  const { values } = parseArgs({ options: { authority: text, leader: text, join: text } });
  const { authority, leader, join: joinToken } = values;
  if (!authority || !leader || !joinToken) throw new Error("Paste the whole line that the demo prints.");
  const stateDir = await mkdtemp(join(tmpdir(), "interlock-worker-"));
  return { authority, leader, joinToken, stateDir, seed: process.pid };
}

async function work(config: WorkerConfig, guest: boolean): Promise<void> {
  const { authority, leader, joinToken, stateDir, seed } = config;
  const name = parseJoinToken(joinToken)?.name ?? "";
  const stopping = stopSignal();
  const gone = new AbortController();
  const bot = await joinFleet({ authority, name, joinToken, stateDir, log: silentLog });
  const robot = await createRobot(createWorld(), bot.client(TrafficService, leader), createRandom(seed));
  tell({ type: "ready", address: "" });
  if (guest) console.log(`${bot.spiffeId.uri} works for ${leader}; Ctrl-C to leave.`);

  let patience: NodeJS.Timeout | undefined;
  let delivered = 0;
  await runWorker(
    bot,
    {
      leaders: [leader],
      capabilities: [carryKind],
      signal: AbortSignal.any([stopping, gone.signal]),
      onLink({ online }) {
        if (online) clearTimeout(patience);
        // The demo is over some time; a guest has no other way to know.
        if (!online) patience ??= setTimeout(() => gone.abort(), patienceMs);
        if (online) patience = undefined;
      },
    },
    carryHandler(robot, (taskId, attempt) => {
      tell({ type: "executed", taskId, attempt });
      if (guest) console.log(`${++delivered} delivered (task ${taskId}, attempt ${attempt})`);
    }),
  );
  await bot.close(0);
}

const guest = process.send === undefined;
let config: WorkerConfig | undefined;
try {
  config = guest ? await configFromArguments() : await receiveConfig<WorkerConfig>();
  await work(config, guest);
} catch (error) {
  const { code, reason = "", message } = InterlockError.from(error);
  console.error(error instanceof InterlockError ? `${code} ${reason}: ${message}` : String(error));
  process.exitCode = 1;
} finally {
  if (guest && config) await rm(config.stateDir, { recursive: true, force: true });
}
process.exit();

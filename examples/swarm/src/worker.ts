// One robot's process. The demo starts several; the command that it prints starts one more from another terminal:
//   node dist/worker.js --authority 127.0.0.1:7443 --leader 127.0.0.1:7450 --floor 127.0.0.1:7460 --join ILK1-…
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { InterlockError, joinFleet, parseJoinToken, silentLog } from "@interlock/bot";
import { runWorker, type TaskHandler } from "@interlock/swarm";
import { receiveConfig, stopSignal, tell, tellOf } from "./child.js";
import { brewKind, carryKind, crewWork } from "./crew-work.js";
import { CarryCheckpoint } from "./gen/warehouse/v1/warehouse.js";
import { MachineService, RobotService, TrafficService } from "./gen/warehouse/v1/warehouse_interlock.js";
import type { WorkerConfig } from "./messages.js";
import { createRandom } from "./random.js";
import { createRobot } from "./robot.js";
import { robotService } from "./robot-service.js";
import { createWorld, keyOf } from "./world.js";

const patienceMs = 5_000;

async function configFromArguments(): Promise<WorkerConfig> {
  const text = { type: "string", default: "" } as const;
  const { values } = parseArgs({ options: { authority: text, leader: text, floor: text } });
  const { authority, leader, floor } = values;
  const joinToken = process.env.INTERLOCK_JOIN_TOKEN;
  if (!authority || !leader || !floor || !joinToken)
    throw new Error("An argument is missing: paste the whole line that the demo prints.");
  const stateDir = await mkdtemp(join(tmpdir(), "interlock-worker-"));
  return { authority, leader, floor, joinToken, stateDir, seed: process.pid };
}

async function work({ leader, floor, seed, ...fleet }: WorkerConfig, guest: boolean): Promise<void> {
  const name = parseJoinToken(fleet.joinToken)?.name ?? "";
  const stopping = stopSignal();
  const gone = new AbortController();
  const bot = await joinFleet({ ...fleet, name, log: silentLog });
  tellOf(bot);
  const world = createWorld();
  const random = createRandom(seed);
  const wait = (ms: number, signal: AbortSignal) => delay(ms, undefined, { signal });
  const traffic = bot.client(TrafficService, floor);
  const robot = await createRobot({ world, traffic, random, wait });
  const drill = robotService(robot);
  const machines = bot.client(MachineService, floor);
  const crew = crewWork({ world, robot, machines, random, broken: drill.broken });

  const watched: TaskHandler = async (task, context) => {
    const { taskId, attempt, checkpoint } = task;
    const { itemAt } = CarryCheckpoint.decode(checkpoint);
    tell({ type: "begun", taskId, attempt, checkpoint: itemAt ? keyOf(itemAt) : "" });
    context.signal.addEventListener("abort", () => {
      tell({ type: "halted", taskId, reason: (context.signal.reason as Error).message, at: Date.now() });
    });
    drill.busyWith(taskId);
    try {
      const result = await crew.handle(task, context);
      if (guest) console.log(`${++done} done (task ${taskId}, attempt ${attempt})`);
      return result;
    } finally {
      drill.busyWith("");
    }
  };

  let done = 0;
  let patience: NodeJS.Timeout | undefined;
  // No bot needs to call one robot more often.
  const server = await bot.serve({ port: 0, callerRate: { perSecond: 300, burst: 300 } }, (routes) =>
    routes.add(RobotService, drill.service),
  );
  tell({ type: "ready", address: server.address });
  if (guest) console.log(`${bot.spiffeId.uri} works for ${leader}; Ctrl-C to leave.`);
  await runWorker(
    bot,
    {
      leaders: [leader],
      capabilities: [carryKind, brewKind],
      signal: AbortSignal.any([stopping, gone.signal]),
      onEmergencyStop() {
        drill.brake();
        return crew.halt();
      },
      onLink({ online }) {
        if (online) clearTimeout(patience);
        // The demo ends at some time; a guest has no other way to notice.
        if (!online && guest) patience ??= setTimeout(() => gone.abort(), patienceMs);
        if (online) patience = undefined;
        // Without a leader no emergency stop could reach this robot.
        else void crew.halt();
      },
    },
    watched,
  );
  await traffic.leave({}, { timeoutMs: 1_000 }).catch(() => {}); // The floor may be gone as well.
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

import { setTimeout as delay } from "node:timers/promises";
import { WorkerState } from "@interlock/swarm";
import type { Stage } from "../stage.js";
import type { Act } from "./act.js";
import { timesAgain } from "./effects.js";

export const leaderKilled: Act = {
  name: "leader-killed",
  title: "kill -9 of the leader, and a new one over the same store",
  bars: [4],
  verdict: "survived",
  expected: "0 tasks lost, 0 done twice, every robot back",
  async play({ fleet, work, chronicle, keepBusy }) {
    await keepBusy();
    const known = [...work.submitted];
    const epoch = chronicle.all("leads").at(-1)?.epoch ?? 0;
    const killedAt = Date.now();
    await fleet.leader.kill();
    await fleet.leader.restart();
    const leads = await chronicle.until("leads", (said) => said.epoch > epoch, killedAt);
    const back = await everyRobotIsBack({ fleet, work });
    const ms = Date.now() - killedAt;
    const kept = new Set((await work.listAll()).map(({ taskId }) => taskId));
    const lost = known.filter((taskId) => !kept.has(taskId)).length;
    const twice = timesAgain(chronicle);
    const epochs = `epoch ${epoch} → ${leads.epoch}`;
    const seen = `${lost} of ${known.length} tasks lost, ${twice} done twice; ${back} robots back; ${epochs}`;
    return { seen, ms, ok: lost === 0 && twice === 0 && back === fleet.workers.length };
  },
};

const patienceMs = 8_000;

async function everyRobotIsBack({ fleet, work }: Pick<Stage, "fleet" | "work">): Promise<number> {
  const ours = new Set(fleet.workers.map(({ name }) => name));
  for (const until = Date.now() + patienceMs; ; await delay(20)) {
    const { workers } = await work.swarm.workers();
    const back = workers.filter(
      ({ name, state, listensForStop }) =>
        ours.has(name) && state === WorkerState.WORKER_STATE_ONLINE && listensForStop,
    ).length;
    if (back === ours.size || Date.now() > until) return back;
  }
}

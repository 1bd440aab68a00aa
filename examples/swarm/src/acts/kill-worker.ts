import type { Act } from "./act.js";
import { leaseName } from "./lease.js";
import { isLoaded } from "./task-is.js";

export const killWorker: Act = {
  name: "kill-worker",
  title: "kill -9 of a robot with an item on board",
  bars: [2],
  verdict: "survived",
  expected: "lost within 3,000 ms, its task with another within 5,000 ms",
  async play({ work, worker, order, chronicle }) {
    const { taskId } = await work.errand(order());
    const before = await work.until(taskId, isLoaded);
    const robot = worker(before.worker);
    const killedAt = Date.now();
    await robot.kill();
    const gone = ({ worker: name, state }: { worker: string; state: string }) =>
      name === robot.name && state === "lost";
    const lost = (await chronicle.until("worker", gone, killedAt)).at - killedAt;
    const after = await work.until(taskId, ({ worker: name, attempt }) => attempt > before.attempt && name !== "");
    const again = Date.now() - killedAt;
    await robot.restart();
    const seen =
      `lost after ${lost} ms, with ${after.worker} after ${again} ms: ` +
      `attempt ${before.attempt} → ${after.attempt}, lease ${leaseName(before.leaseToken)} → ${leaseName(after.leaseToken)}`;
    const ok = lost <= 3_000 && again <= 5_000 && after.leaseToken > before.leaseToken;
    return { seen, ms: again, ok };
  },
};

import { createList, find, html, setAttribute, setText } from "@interlock/cli/page/kit";
import type { CredentialView, RobotView, SafetyView, TaskView, WorkerView } from "../model/entry.js";
import { ago, shortLease } from "../model/format.js";
import type { Moment, View } from "./moment.js";

interface Row {
  readonly name: string;
  readonly robot: RobotView | undefined;
  readonly worker: WorkerView | undefined;
  readonly task: TaskView | undefined;
  readonly now: number;
}

export type Standing = "online" | "draining" | "lost" | "revoked" | "stopped" | "failed" | "silent";

const standings: Readonly<Record<Standing, string>> = {
  online: "",
  draining: "leaves after this task",
  lost: "lost",
  revoked: "revoked",
  stopped: "stopped",
  failed: "could not stop",
  silent: "no answer",
};

/** The robots, each with its current task. `onChoose` gets the robot to highlight on the map; empty for none. */
export function createRobots(onChoose: (name: string) => void): View {
  let chosen = "";
  const byName = new Intl.Collator("en", { numeric: true }).compare;
  const rows = new Map<string, Standing>();
  const show = createList<Row>(find("robots"), ({ name }) => name, makeRow);

  function choose(name: string): void {
    chosen = chosen === name ? "" : name;
    onChoose(chosen);
  }

  function makeRow() {
    const button = html("button", { class: "name", type: "button" });
    const standing = html("small", { class: "standing" });
    const title = html("span", { class: "title" });
    const doing = html("small");
    const bar = html("span");
    const attempt = html("td", { class: "wide" });
    const lease = html("code");
    const heard = html("small");
    const battery = html("td", { class: "number" });
    const node = html(
      "tr",
      {},
      html("th", { scope: "row" }, button, standing),
      html("td", { class: "task" }, title, doing, html("span", { class: "bar" }, bar)),
      attempt,
      html("td", { class: "lease" }, lease, heard),
      battery,
    );
    return {
      node,
      update({ name, robot, worker, task, now }: Row) {
        if (button.textContent === "") button.addEventListener("click", () => choose(name));
        setText(button, name);
        setAttribute(button, "aria-pressed", `${chosen === name}`);
        const how = rows.get(name) ?? "online";
        setAttribute(node, "data-standing", how);
        setText(standing, standings[how] || robot?.status || "");
        setText(title, task?.title ?? "–");
        setText(doing, task ? task.doing || task.stage.toLowerCase() : "");
        bar.style.width = `${(task?.progress ?? 0) * 100}%`;
        setText(attempt, task ? `${task.attempt}` : "");
        setAttribute(attempt, "data-again", task && task.attempt > 1 ? "" : undefined);
        setText(lease, task?.lease ? shortLease(task.lease) : "");
        // A lease lasts as long as its worker sends heartbeats, so the page shows the silence.
        setText(heard, worker?.lastSeenAt === undefined ? "" : `heard ${ago(now - worker.lastSeenAt, 1)} ago`);
        setAttribute(lease, "title", task?.lease ? `fencing token ${task.lease}` : undefined);
        setText(battery, robot?.battery === undefined ? "–" : `${Math.round(robot.battery * 100)} %`);
        setAttribute(battery, "data-low", robot?.battery !== undefined && robot.battery < 0.2 ? "" : undefined);
      },
    };
  }

  return ({ state, now }) => {
    rows.clear();
    const held = new Map(Object.values(state.tasks).map((task) => [task.worker, task]));
    const workers = new Map(state.workers.map((worker) => [worker.name, worker]));
    const names = new Set([...workers.keys(), ...Object.keys(state.robots)]);
    const sorted = [...names].sort(byName);
    for (const name of sorted) rows.set(name, standingOf(name, state));
    show(
      sorted.map((name) => {
        const of = { robot: state.robots[name], worker: workers.get(name), task: held.get(name) };
        return { name, now, ...of };
      }),
    );
  };
}

/** The known condition of a robot. */
export function standingOf(name: string, { workers, safety, credentials }: Moment["state"]): Standing {
  const credential: CredentialView | undefined = credentials[name];
  if (credential?.revoked) return "revoked";
  const worker = workers.find((each) => each.name === name);
  if (worker?.state === "LOST") return "lost";
  if (safety?.latched) return stopOf(name, safety);
  return worker?.state === "DRAINING" ? "draining" : "online";
}

/** The condition in an emergency stop: a robot that has not confirmed its stop may be moving. */
function stopOf(name: string, { workers }: SafetyView): Standing {
  const outcome = workers.find((each) => each.name === name)?.outcome;
  if (outcome === "ACKNOWLEDGED") return "stopped";
  return outcome === "FAILED" ? "failed" : "silent";
}

import { createList, find, html, setAttribute, setText } from "@interlock/cli/page/kit";
import type { TaskView } from "../model/entry.js";
import { count } from "../model/format.js";
import type { View } from "./moment.js";

const shown = 12;
const shownRecent = 6;

/** The waiting tasks, in the order of their submission, and the recently closed ones. */
export function createQueue(): View {
  const summary = find("queue-count");
  const showQueue = createList<TaskView>(find("queue"), ({ id }) => id, createTask);
  const showRecent = createList<TaskView>(find("recent"), ({ id }) => id, createTask);
  return ({ state }) => {
    const waiting = Object.values(state.tasks).filter(({ stage }) => stage === "SUBMITTED");
    // Higher priorities go first; the sort keeps the order of equal ones.
    waiting.sort((a, b) => b.priority - a.priority);
    const more = waiting.length - shown;
    setText(summary, waiting.length === 0 ? "empty" : more > 0 ? `${count(more)} more` : "");
    showQueue(waiting.slice(0, shown));
    showRecent(state.recent.slice(0, shownRecent));
  };
}

function createTask() {
  const title = html("span", { class: "title" });
  const more = html("small");
  const node = html("li", {}, title, more);
  return {
    node,
    update(task: TaskView) {
      setText(title, task.title);
      setText(more, remark(task));
      setAttribute(node, "data-stage", task.stage);
      setAttribute(
        node,
        "title",
        `task ${task.id}, submitted by ${task.submittedBy}${task.reason && `; ${task.reason}`}`,
      );
    },
  };
}

function remark({ stage, attempt, priority, worker, reason }: TaskView): string {
  const again = attempt > 1 ? [`attempt ${attempt}`] : [];
  if (stage === "SUBMITTED") return [...again, ...(priority > 0 ? [`priority ${priority}`] : [])].join(", ");
  if (stage === "COMPLETED") return [worker, ...again].join(", ");
  return [stage.toLowerCase(), reason].filter(Boolean).join(": ");
}

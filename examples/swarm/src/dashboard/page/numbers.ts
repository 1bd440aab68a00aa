import { find, html, setAttribute, setText, svg } from "@interlock/cli/page/kit";
import { type FleetState, throughput } from "../model/fleet-state.js";
import { count } from "../model/format.js";
import type { View } from "./moment.js";

const chartSeconds = 60;

/** The run in six numbers, and the pace of the last minute. */
export function createNumbers(): View {
  const list = find("numbers");
  const done = tile("Completed");
  const active = tile("In progress");
  const waiting = tile("Waiting");
  const pace = tile("Tasks/s");
  const refused = tile("Refused");
  const failed = tile("Failed");
  const bar = html("span", { class: "bar" }, html("span"));
  const chart = createChart();
  done.node.append(bar);
  pace.node.append(chart.node);
  pace.node.classList.add("pace");
  list.append(...[done, active, waiting, pace, refused, failed].map(({ node }) => node));

  return ({ state, now }) => {
    const open = Object.values(state.tasks);
    const queued = open.filter(({ stage }) => stage === "SUBMITTED").length;
    const { COMPLETED, FAILED, CANCELED, REJECTED } = state.closed;
    const closed = COMPLETED + FAILED + CANCELED + REJECTED;
    const total = open.length + closed;
    done.show(count(COMPLETED), `of ${count(total)}`);
    (bar.firstElementChild as HTMLElement).style.width = `${total > 0 ? (closed / total) * 100 : 0}%`;
    active.show(count(open.length - queued));
    waiting.show(count(queued));
    pace.show(throughput(state, now).toFixed(1));
    chart.show(state, now);
    refused.show(count(state.denied));
    failed.show(count(FAILED + REJECTED), CANCELED > 0 ? `${count(CANCELED)} canceled` : "");
    setAttribute(failed.node, "data-tone", FAILED + REJECTED > 0 ? "bad" : undefined);
  };
}

function tile(name: string) {
  const value = html("strong");
  const more = html("small");
  const node = html("li", {}, html("span", {}, name), html("p", {}, value, " ", more));
  return {
    node,
    show(text: string, rest = "") {
      setText(value, text);
      setText(more, rest);
    },
  };
}

function createChart() {
  const area = svg("path", { class: "area" });
  const line = svg("path", { class: "line" });
  const box = { class: "chart", viewBox: `0 0 ${chartSeconds} 20`, preserveAspectRatio: "none", "aria-hidden": "true" };
  const node = svg("svg", box, area, line);
  let drawn = "";
  return {
    node,
    show({ pace, startedAt }: FleetState, now: number) {
      const current = Math.floor((now - startedAt) / 1_000);
      const bySecond = new Map(pace);
      // The current, incomplete second would always look like a drop.
      const first = Math.max(0, current - 1 - chartSeconds);
      const seconds = Array.from({ length: Math.max(0, current - first) }, (_, i) => bySecond.get(first + i) ?? 0);
      const top = Math.max(4, ...seconds);
      const left = chartSeconds + 1 - seconds.length;
      const points = seconds.map((value, i) => `${left + i},${(19 - (value / top) * 17).toFixed(2)}`).join("L");
      if (points === drawn) return;
      drawn = points;
      line.setAttribute("d", points && `M${points}`);
      area.setAttribute("d", points && `M${left},20L${points}L${chartSeconds},20Z`);
    },
  };
}

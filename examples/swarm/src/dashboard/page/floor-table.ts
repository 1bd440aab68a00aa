import { createList, html, setText } from "@interlock/cli/page/kit";
import type { FleetState } from "../model/fleet-state.js";
import type { View } from "./moment.js";

interface Line {
  readonly name: string;
  readonly x: string;
  readonly y: string;
  readonly does: string;
}

/** The map as a table, for screen readers. */
export function createFloorTable(table: HTMLTableElement): View {
  const body = table.tBodies[0] as HTMLTableSectionElement;
  const show = createList<Line>(
    body,
    ({ name, x, y }) => (name.includes("/") ? name : `${name} ${x} ${y}`),
    () => {
      const name = html("th", { scope: "row" });
      const [x, y, does] = [html("td", { class: "number" }), html("td", { class: "number" }), html("td")];
      return {
        node: html("tr", {}, name, x, y, does),
        update(line: Line) {
          setText(name, line.name);
          setText(x, line.x);
          setText(y, line.y);
          setText(does, line.does);
        },
      };
    },
  );
  return ({ state }) => {
    if (!table.hidden) show(lines(state));
  };
}

function lines({ robots, plan, machines }: FleetState): Line[] {
  const moving = Object.values(robots).map(({ name, x, y, carrying, status }) => ({
    name,
    x: `${x + 1}`,
    y: `${y + 1}`,
    does: [carrying, status].filter(Boolean).join(", ") || "nothing",
  }));
  const fixtures = plan?.fixtures ?? [];
  const standing = fixtures
    .filter(({ kind }) => kind !== "shelf")
    .map(({ kind, name, x, y }) => {
      const machine = machines.find((each) => each.name === name);
      const does = machine ? [machine.state, machine.user].filter(Boolean).join(", ") : "";
      return { name: [kind, name].filter(Boolean).join(" "), x: `${x + 1}`, y: `${y + 1}`, does };
    });
  return [...moving, ...standing, ...shelfRows(fixtures.filter(({ kind }) => kind === "shelf"))];
}

/** Adjacent shelves share one line. */
function shelfRows(shelves: readonly { x: number; y: number }[]): Line[] {
  const rows: { x: number; y: number; length: number }[] = [];
  for (const { x, y } of shelves) {
    const last = rows.at(-1);
    if (last && last.y === y && last.x + last.length === x) last.length++;
    else rows.push({ x, y, length: 1 });
  }
  return rows.map(({ x, y, length }) => ({
    name: length > 1 ? "shelves" : "shelf",
    y: `${y + 1}`,
    does: "",
    x: length > 1 ? `${x + 1}–${x + length}` : `${x + 1}`,
  }));
}

import { createList, html, type Part, setAttribute, setText, svg } from "@interlock/cli/page/kit";
import type { Fixture, FloorPlan, MachineView, RobotView, Spot, TaskView } from "../model/entry.js";
import { plural } from "../model/format.js";
import type { Moment } from "./moment.js";
import { type Standing, standingOf } from "./robots.js";

/** A robot and its drawing. One unit of the drawing is one cell of the floor. */
interface Drawn {
  readonly robot: RobotView;
  readonly standing: Standing;
  readonly chosen: boolean;
  readonly goal: Spot | undefined;
}

/** Draws the map of the floor into `parent`. */
export interface FloorMap {
  show(moment: Moment): void;
  /** Highlights a robot; empty for none. */
  choose(name: string): void;
}

export function createFloorMap(parent: Element): FloorMap {
  const ways = svg("g", { class: "ways" });
  const robots = svg("g", { class: "robots" });
  const ground = svg("g", {});
  const drawing = svg("svg", { role: "img" }, ground, ways, robots);
  parent.append(drawing);
  let plan: FloorPlan | undefined;
  let machines: readonly MachineView[] | undefined;
  let chosen = "";
  const showWays = createList<Drawn>(ways, ({ robot }) => robot.name, drawWay);
  const showRobots = createList<Drawn>(robots, ({ robot }) => robot.name, drawRobot);

  return {
    choose(name) {
      chosen = name;
    },
    show({ state }) {
      if (state.plan && state.plan !== plan) {
        plan = state.plan;
        drawing.setAttribute("viewBox", `-0.5 -0.5 ${plan.width + 1} ${plan.height + 1}`);
        ground.replaceChildren(...drawGround(plan));
        machines = undefined;
      }
      if (state.machines !== machines) {
        machines = state.machines;
        for (const machine of machines) showMachine(ground, machine);
      }
      const held = new Map(Object.values(state.tasks).map((task) => [task.worker, task]));
      const drawn = Object.values(state.robots).map((robot) => ({
        robot,
        standing: standingOf(robot.name, state),
        chosen: robot.name === chosen,
        goal: goalOf(robot, held.get(robot.name)),
      }));
      showWays(drawn.filter(({ goal }) => goal));
      showRobots(drawn);
      const laden = drawn.filter(({ robot }) => robot.carrying !== "").length;
      setAttribute(
        drawing,
        "aria-label",
        `Map of the floor: ${plural(drawn.length, "robot")}, ${laden} of them loaded.`,
      );
    },
  };
}

/** The robot's destination: to fetch the item, or, once loaded, to deliver it. */
function goalOf({ carrying }: RobotView, task: TaskView | undefined): Spot | undefined {
  return carrying === "" ? task?.from : task?.to;
}

function drawGround({ width, height, fixtures }: FloorPlan): Element[] {
  const dots = Array.from({ length: (width - 1) * (height - 1) }, (_, i) => {
    const [x, y] = [1 + (i % (width - 1)), 1 + Math.floor(i / (width - 1))];
    return `M${x},${y}h0`;
  });
  return [
    svg("rect", { class: "ground", x: -0.35, y: -0.35, width: width + 0.7, height: height + 0.7, rx: 0.6 }),
    svg("path", { class: "dots", d: dots.join("") }),
    ...fixtures.map(drawFixture),
  ];
}

function drawFixture({ kind, name, x, y }: Fixture): Element {
  const box = svg("rect", { x: x + 0.06, y: y + 0.06, width: 0.88, height: 0.88, rx: 0.16 });
  const what = svg("g", { class: `fixture ${kind}`, "data-name": name }, box);
  const middle = `translate(${x + 0.5} ${y + 0.5})`;
  if (kind === "shelf") what.append(svg("path", { d: `M${x + 0.22},${y + 0.5}h0.56` }));
  if (kind === "station") what.append(svg("text", { x: x + 0.5, y: y + 0.5 }, name));
  if (kind === "arm")
    what.append(svg("path", { transform: middle, d: "M-.22,.26h.44M0,.26V0L.2,-.2M.06,-.26l.14,.06l.08,.14" }));
  if (kind === "coffee")
    what.append(
      svg("path", {
        transform: middle,
        d: "M-.24,-.12h.36v.22a.14,.14 0 0 1-.14,.14h-.08a.14,.14 0 0 1-.14-.14zM.12,-.06a.1,.1 0 0 1 0,.2",
      }),
    );
  if (kind === "charger") what.append(svg("path", { transform: middle, d: "M.06,-.28L-.16,.06H.14L-.06,.28" }));
  what.append(svg("title", {}, name ? `${kind} ${name}` : kind));
  return what;
}

/** Highlights machines in use, and names their users. */
function showMachine(ground: Element, { name, state, user }: MachineView): void {
  for (const fixture of ground.querySelectorAll<SVGElement>(".fixture")) {
    if (fixture.dataset.name !== name) continue;
    setAttribute(fixture, "data-used", user ? "" : undefined);
    const title = fixture.querySelector("title");
    if (title) setText(title, [name, state, user].filter(Boolean).join(", "));
  }
}

function drawWay(): Part<Drawn> {
  const line = svg("path");
  const goal = svg("rect", { width: 1, height: 1, rx: 0.22 });
  const node = svg("g", { class: "way" }, line, goal);
  return {
    node,
    update({ robot, goal: to, standing, chosen }) {
      if (!to) return;
      setAttribute(node, "data-standing", standing);
      setAttribute(node, "data-laden", robot.carrying ? "" : undefined);
      setAttribute(node, "data-chosen", chosen ? "" : undefined);
      setAttribute(line, "d", `M${robot.x + 0.5},${robot.y + 0.5}L${to.x + 0.5},${to.y + 0.5}`);
      setAttribute(goal, "x", `${to.x}`);
      setAttribute(goal, "y", `${to.y}`);
    },
  };
}

const around = 2 * Math.PI * 0.43;

function drawRobot({ robot: { name } }: Drawn): Part<Drawn> {
  const title = svg("title");
  const ring = svg("circle", { class: "ring", r: 0.43 });
  const parcel = svg("rect", { class: "parcel", x: 0.12, y: -0.6, width: 0.46, height: 0.46, rx: 0.1 });
  const node = svg(
    "g",
    { class: "robot" },
    title,
    svg(
      "g",
      { class: "scaled" },
      svg("circle", { class: "halo", r: 0.78 }),
      svg("circle", { class: "body", r: 0.52 }),
      ring,
      svg("text", {}, name.split("/").at(-1) ?? name),
      parcel,
    ),
  );
  return {
    node,
    update({ robot, standing, chosen }) {
      const { x, y, carrying, battery } = robot;
      node.style.transform = `translate(${x + 0.5}px, ${y + 0.5}px)`;
      setText(title, [name, carrying && `carries ${carrying}`, robot.status].filter(Boolean).join(", "));
      setAttribute(node, "data-standing", standing);
      setAttribute(node, "data-laden", carrying ? "" : undefined);
      setAttribute(node, "data-chosen", chosen ? "" : undefined);
      setAttribute(ring, "stroke-dasharray", `${(around * (battery ?? 1)).toFixed(3)} ${around.toFixed(3)}`);
      setAttribute(ring, "data-low", battery !== undefined && battery < 0.2 ? "" : undefined);
    },
  };
}

/** The items of the legend, each with its drawing. */
export function legend(): Element[] {
  const sample = (...shapes: Element[]) =>
    svg("svg", { viewBox: "-0.75 -0.75 1.5 1.5", width: 16, height: 16 }, ...shapes);
  const robot = (laden: boolean) => {
    const body = svg("circle", { class: "body", r: 0.6 });
    const parcel = svg("rect", { class: "parcel", x: 0, y: -0.7, width: 0.6, height: 0.6, rx: 0.12 });
    return svg("g", { class: "robot" }, body, ...(laden ? [parcel] : []));
  };
  const fixture = (kind: Fixture["kind"]) => sample(drawFixture({ kind, name: "", x: -0.5, y: -0.5 }));
  return [
    html("li", {}, sample(robot(false)), "robot"),
    html("li", {}, sample(robot(true)), "loaded"),
    html("li", {}, fixture("shelf"), "shelf"),
    html("li", {}, fixture("station"), "station"),
    html("li", {}, fixture("arm"), "gripper arm"),
    html("li", {}, fixture("coffee"), "coffee maker"),
    html("li", {}, fixture("charger"), "charger"),
  ];
}

import { find, setText } from "@interlock/cli/page/kit";
import { ago } from "../model/format.js";
import { createFloorMap, legend } from "./floor-map.js";
import { createFloorTable } from "./floor-table.js";
import type { View } from "./moment.js";

/** The floor, as a map or as a table; `choose` highlights a robot. */
export function createFloor(source: "live" | "replay"): { show: View; choose(name: string): void } {
  const frame = find("map");
  const table = find<HTMLTableElement>("floor-table");
  const button = find("as-table");
  const away = find("away");
  const map = createFloorMap(frame);
  const showTable = createFloorTable(table);
  find("legend").append(...legend());
  let heardAt = 0;

  button.addEventListener("click", () => {
    table.hidden = !table.hidden;
    frame.hidden = !table.hidden;
    button.setAttribute("aria-pressed", `${!table.hidden}`);
  });

  return {
    choose: map.choose,
    show(moment) {
      const { state, now, connected } = moment;
      map.show(moment);
      showTable(moment);
      const { leader } = state.links;
      const lost = source === "live" && !connected;
      const out = lost || leader?.up === false;
      if (connected) heardAt = now;
      away.hidden = !out;
      const problem = lost ? "The dashboard does not answer." : `The leader does not answer (${leader?.reason ?? ""}).`;
      const since = lost ? heardAt || now : (leader?.since ?? now);
      setText(away, out ? `${problem} This is the state from ${ago(now - since)} ago.` : "");
      frame.toggleAttribute("data-away", out);
    },
  };
}

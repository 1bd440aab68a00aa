// The page: a handful of views show what the dashboard has read.

import { find } from "../kit/dom.js";
import { createThemeSwitch } from "../kit/theme.js";
import { createBots } from "./bots.js";
import { createExpiries } from "./expiries.js";
import { createEndpoints, createFlows, createGrants, createRevocations } from "./lists.js";
import { listen } from "./live.js";
import { createNumbers } from "./numbers.js";
import { createRefusals } from "./refusals.js";
import { createStatus } from "./status.js";

const views = [
  ...[createStatus(), createNumbers(), createBots(draw), createRefusals(), createExpiries()],
  ...[createEndpoints(draw), createFlows(draw), createRevocations(draw), createGrants(draw)],
];
createThemeSwitch(find<HTMLButtonElement>("theme"));

let drawing = false;
const current = listen(draw);

/** Draws with the next frame, once, however much has arrived. */
function draw(): void {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    const moment = current();
    for (const show of views) show(moment);
  });
}

// Remaining lifetimes shrink without news.
setInterval(draw, 1_000);

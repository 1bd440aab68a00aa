// The page: a handful of views show the entries, live or from a record.

import { createThemeSwitch, find } from "@interlock/cli/page/kit";
import { createRecording } from "../model/recording.js";
import { createActs } from "./acts.js";
import { createAnnouncer } from "./announcer.js";
import { createCredentials } from "./credentials.js";
import { createDenials } from "./denials.js";
import { createFloor } from "./floor.js";
import { listen } from "./live.js";
import type { Moment } from "./moment.js";
import { createNumbers } from "./numbers.js";
import { createPlayer } from "./player.js";
import { createQueue } from "./queue.js";
import { createRobots } from "./robots.js";
import { createStatus } from "./status.js";
import { createStopBanner } from "./stop-banner.js";

/** The shortest time between two updates of the text views. */
const readableMs = 200;

const source = document.documentElement.dataset.source === "replay" ? "replay" : "live";
const floor = createFloor(source);
const quick = [createStopBanner(), floor.show, createAnnouncer()];
const readable = [
  ...[createStatus(source), createNumbers(), createRobots(choose), createQueue()],
  ...[createActs(), createDenials(), createCredentials()],
];
createThemeSwitch(find<HTMLButtonElement>("theme"));

let drawing = false;
let readAt = Number.NEGATIVE_INFINITY;
let current: (() => Moment) | undefined;

function choose(name: string): void {
  floor.choose(name);
  readAt = Number.NEGATIVE_INFINITY;
  draw();
}

/** Draws with the next frame, once, however many entries have arrived. */
function draw(): void {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame((time) => {
    drawing = false;
    const moment = current?.();
    if (!moment) return;
    for (const show of quick) show(moment);
    if (time - readAt < readableMs) return;
    readAt = time;
    for (const show of readable) show(moment);
  });
}

// Remaining lifetimes shrink without news.
setInterval(draw, readableMs);

if (source === "live") {
  current = listen(draw);
} else {
  const answer = await fetch("record");
  current = createPlayer(createRecording(await answer.text()), draw);
}

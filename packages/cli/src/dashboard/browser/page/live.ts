import { createFleetView, type FleetView } from "../../model/fleet.js";
import { applyPatch, type Patch } from "../../model/patch.js";
import { type Contact, followEvents } from "../kit/follow-events.js";

/** What the page shows, at one moment. */
export interface Moment extends Contact {
  readonly view: FleetView;
}

/** Shows one moment in one part of the page. */
export type View = (moment: Moment) => void;

/** Follows the dashboard and gives the current moment. A broken connection begins again with the whole view. */
export function listen(onChange: () => void): () => Moment {
  let view = createFleetView("", "");
  const contact = followEvents((hear) => {
    hear<{ now: number; view: FleetView }>("view", (message) => {
      view = message.view;
    });
    hear<{ now: number; patch: Patch }>("patch", ({ patch }) => applyPatch(view, patch));
  }, onChange);
  return () => ({ ...contact(), view });
}

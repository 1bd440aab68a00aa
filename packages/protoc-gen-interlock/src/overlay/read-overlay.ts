import { readFileSync, statSync } from "node:fs";
import { type Overlay, overlayFile } from "./overlay.js";
import { parseOverlay } from "./parse-overlay.js";
import { maximumBytes } from "./read-yaml.js";

/** Reads a `policies.yaml` of up to 1 MiB. */
export function readOverlay(path: string): Overlay {
  if (statSync(path).size > maximumBytes) {
    const fault = `${overlayFile}:1:1: has more than ${maximumBytes} bytes: leave out what is not needed`;
    return { services: [], faults: [fault] };
  }
  return parseOverlay(readFileSync(path, "utf8"));
}

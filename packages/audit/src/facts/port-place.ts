import type { AuditInputs } from "../inputs/inputs.js";
import type { SourcePlace } from "../inputs/project.js";
import type { ScannedPort } from "../inputs/scan.js";
import { placeOf } from "./places.js";
import { servicesAt } from "./ports.js";

/** Finds the place in the project that a port belongs to: its service's proto file, as far as its services are known. */
export function placeOfPort(inputs: AuditInputs, port: ScannedPort): SourcePlace | undefined {
  for (const service of servicesAt(inputs, port)) {
    const place = placeOf(inputs, service);
    if (place) return place;
  }
  return undefined;
}

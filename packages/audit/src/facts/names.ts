import { isGrpcs, isInterlocks } from "../own-services.js";

/** The folders of the names of people: operators may hold every scope of the authority, and viewers read. */
const people = ["operator/", "viewer/"];

/** Whether a bot's name, or an identity pattern, is of people. */
export function isPerson(name: string): boolean {
  return people.some((folder) => name.startsWith(folder));
}

/** Whether a bot is part of Interlock, such as the authority. */
export function isInterlock(name: string): boolean {
  return name.startsWith("interlock/");
}

/** Whether a service is part of Interlock or of gRPC itself, so that no project declares it. */
export function isInfrastructure(service: string): boolean {
  return isInterlocks(service) || isGrpcs(service);
}

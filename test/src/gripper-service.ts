import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ServiceDefinition } from "@interlock/bot";
import type { AnyMethod } from "@interlock/policy";
import { root } from "./structure/source-graph.js";

/** The service of examples/hello, with its methods' names. */
export type Gripper = ServiceDefinition<Record<"grip" | "watchForce", AnyMethod>>;

/** Loads the service of examples/hello, which this package does not depend on. */
export async function gripperService(): Promise<Gripper> {
  const file = join(root, "examples/hello/dist/gen/cafe/gripper/v1/gripper_interlock.js");
  return (await import(pathToFileURL(file).href)).GripperService;
}

/** The environment variable that chooses the calls that are traced. */
const tracesVariable = "INTERLOCK_TRACES";

/** `calls`: those of the fleet's own services; `all`: also those of the machinery, see {@link isTraced}; `off`: none. */
export type TracedCalls = "calls" | "all" | "off";

/** Services with which a fleet keeps itself going: tokens, trust, reports, health, reflection. */
const ofMachinery = ["interlock.authority.", "grpc.health.", "grpc.reflection."] as const;

let chosen: TracedCalls | undefined;

/**
 * Whether the calls of a service are traced, where an SDK is registered: `INTERLOCK_TRACES`. Default: those of every service but
 * `interlock.authority.*`, `grpc.health.*` and `grpc.reflection.*`. It is read once.
 *
 * @throws An `Error` that names the choices, where the variable has another value.
 */
export function isTraced(service: string): boolean {
  chosen ??= readTracedCalls(process.env[tracesVariable]);
  return chosen === "all" || (chosen === "calls" && !ofMachinery.some((prefix) => service.startsWith(prefix)));
}

/** Reads the variable, so that a wrong value shows at the start. Throws as {@link isTraced}. */
export function checkTracedCalls(): void {
  isTraced("");
}

/** Reads a value of the variable; absent or empty is the default. */
export function readTracedCalls(value: string | undefined): TracedCalls {
  if (value === undefined || value === "") return "calls";
  if (value === "calls" || value === "all" || value === "off") return value;
  const shown = JSON.stringify(value.slice(0, 40));
  throw new Error(`${tracesVariable} is ${shown}: set it to "calls", "all" or "off", or leave it out.`);
}

import type { DispatchService } from "@interlock/swarm";

/** One event of a worker's session, for workers that are written without the library. */
export type DispatchEvent = NonNullable<Parameters<typeof DispatchService.methods.dispatch.request.encode>[0]["event"]>;

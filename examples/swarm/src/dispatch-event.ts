import type { DispatchService } from "@interlock/swarm";

/** One thing that a worker says in its session, for those who speak to a leader without the library. */
export type DispatchEvent = NonNullable<Parameters<typeof DispatchService.methods.dispatch.request.encode>[0]["event"]>;

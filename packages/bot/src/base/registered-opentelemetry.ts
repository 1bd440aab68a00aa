import { createRequire } from "node:module";
import type { ContextManager } from "@opentelemetry/api";

/** The API of OpenTelemetry, as a module. */
export type OpenTelemetry = typeof import("@opentelemetry/api");

/** What SDKs have registered. The API keeps it in the process, so that copies of it share it (its src/internal/global-utils.ts). */
export interface OpenTelemetryRegistry {
  readonly metrics?: unknown;
  readonly trace?: object;
  readonly propagation?: unknown;
  readonly context?: ContextManager;
}

const key = Symbol.for("opentelemetry.js.api.1");

const globals = globalThis as { readonly [key]?: OpenTelemetryRegistry };

/** Gives what is registered now; `undefined` while nothing has ever been. A look costs some 10 ns. */
export function openTelemetryRegistry(): OpenTelemetryRegistry | undefined {
  return globals[key];
}

let loaded: OpenTelemetry | undefined;

/** The API of OpenTelemetry. It is loaded late: its many small files take longer to load than `@interlock/wire`. */
export function loadOpenTelemetry(): OpenTelemetry {
  loaded ??= createRequire(import.meta.url)("@opentelemetry/api") as OpenTelemetry;
  return loaded;
}

/** Tells the API's own log of a fault of an SDK, or of what is plugged into it. No call fails because of one. */
export function tellFault({ diag }: OpenTelemetry, fault: unknown): void {
  diag.error(`@interlock/bot: the SDK has thrown ${String(fault)}`);
}

/** The API of OpenTelemetry, if an SDK for metrics is registered with it. Without one it is not even loaded. */
export function registeredOpenTelemetry(): OpenTelemetry | undefined {
  return openTelemetryRegistry()?.metrics ? loadOpenTelemetry() : undefined;
}

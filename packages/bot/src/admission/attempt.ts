import type { Metadata } from "@grpc/grpc-js";
import type { AnyMethod, ServiceDefinition } from "@interlock/policy";
import type { Connection } from "./connection.js";

/** A call that asks to be let in. */
export interface Attempt {
  readonly service: ServiceDefinition;
  readonly method: AnyMethod;
  readonly connection: Connection;
  readonly metadata: Metadata;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

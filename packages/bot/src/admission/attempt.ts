import type { AnyMethod } from "@interlock/policy";
import type { Connection } from "./connection.js";

/** What the chain needs to know of a method. */
export type AttemptedMethod = Pick<AnyMethod, "path" | "kind" | "policy">;

/**
 * A call that asks to be admitted. It is the same whatever the call came by: a gRPC server, a gateway, or an authorization
 * service that a proxy asks.
 */
export interface Attempt {
  /** Full name of the service, for example `cafe.gripper.v1.GripperService`. */
  readonly service: string;
  readonly method: AttemptedMethod;
  /**
   * Identity patterns of the gateways through which the service is called. Absent where any bot may call it directly: the
   * service has none, or the call has come to the gateway itself.
   */
  readonly via?: readonly string[] | undefined;
  readonly connection: Connection;
  /** Every value of the `authorization` header, as it came; a call may show one token. */
  readonly authorization: readonly string[];
  /** Every value that refers to a token shown before; see `token/reference.ts`. Empty where there are no references. */
  readonly references: readonly string[];
  /**
   * Whether conditions on the request are checked after the chain has decided: here, before the handler, or by the server that the
   * call goes on to with a token that has them. Default: false, and a scope that is held under conditions is refused.
   */
  readonly checksConditions?: boolean | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

import type { BeginTrace, tokenNeedOf } from "@interlock/bot/internal";
import type { MethodKind, ServiceDefinition } from "@interlock/policy";
import type { Instances } from "../routes/instances.js";
import type { RequestLists } from "./request-lists.js";

/** A method whose calls are passed on. */
export interface PassedMethod {
  readonly service: ServiceDefinition;
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly kind: MethodKind;
  /** Whether a call of it that nobody has looked at may be made again. */
  readonly isIdempotent: boolean;
  /** The token that its calls need. */
  readonly need: ReturnType<typeof tokenNeedOf>;
  /** The bots that serve it. */
  readonly instances: Instances;
  readonly lists: RequestLists;
  /** Begins the traces of its calls. */
  readonly beginTrace: BeginTrace;
}

import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { Idempotency, ManifestService, MethodKind, Policy } from "@interlock/policy";

/** A service of a proto file, with its options. */
export interface FoundService extends Pick<ManifestService, "owner" | "description" | "servedBy" | "via"> {
  readonly desc: DescService;
  readonly methods: readonly FoundMethod[];
}

/** A method that has passed the gate. */
export interface FoundMethod {
  readonly desc: DescMethod;
  /** Its name in handlers and clients. */
  readonly key: string;
  readonly kind: MethodKind;
  /** `/package.Service/Method`. */
  readonly path: string;
  /** Absent where the proto file does not say it. */
  readonly idempotency?: Idempotency;
  /** Whether its request, or a message in it, has `buf.validate` constraints. */
  readonly constrained: boolean;
  readonly policy: Policy;
}

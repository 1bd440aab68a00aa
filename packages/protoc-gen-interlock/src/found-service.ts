import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { ManifestService, MethodKind, Policy } from "@interlock/policy";

/** A service as it stands in a proto file, with all that its options say. */
export interface FoundService extends Pick<ManifestService, "owner" | "description" | "servedBy"> {
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
  readonly policy: Policy;
}

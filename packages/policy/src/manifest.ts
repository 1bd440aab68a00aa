import type { Policy } from "./policy.js";
import type { MethodKind } from "./service.js";

/** Everything `protoc-gen-interlock` saw, as it stands in `interlock.manifest.json`: the input of audit and gateway. */
export interface Manifest {
  readonly version: 1;
  readonly services: readonly ManifestService[];
}

/** One service of the manifest. */
export interface ManifestService {
  /** `package.Service`. */
  readonly name: string;
  /** The proto file, as it is imported. */
  readonly file: string;
  readonly owner?: string;
  readonly description?: string;
  readonly servedBy: readonly string[];
  readonly methods: readonly ManifestMethod[];
}

/** One method of the manifest. */
export interface ManifestMethod {
  /** The method's own name, for example `Grip`. */
  readonly name: string;
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly kind: MethodKind;
  /** Full names of the message types. */
  readonly request: string;
  readonly response: string;
  readonly policy: Policy;
}

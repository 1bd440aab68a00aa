import type { Policy } from "./policy.js";
import type { MethodKind } from "./service.js";

/** The manifest that `protoc-gen-interlock` writes to `interlock.manifest.json`: every service with its policies. */
export interface Manifest {
  /** The version of this format. */
  readonly version: 1;
  readonly services: readonly ManifestService[];
}

/** One service of the manifest. */
export interface ManifestService {
  /** `package.Service`. */
  readonly name: string;
  /** The path of the proto file in imports. */
  readonly file: string;
  /** The team or person in charge; absent when the proto names none. */
  readonly owner?: string;
  readonly description?: string;
  /** Identity patterns of the bots that may serve it; empty for any bot. */
  readonly servedBy: readonly string[];
  readonly methods: readonly ManifestMethod[];
}

/** One method of the manifest. */
export interface ManifestMethod {
  /** The name of the method, for example `Grip`. */
  readonly name: string;
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly kind: MethodKind;
  /** The full name of the request message. */
  readonly request: string;
  /** The full name of the response message. */
  readonly response: string;
  readonly policy: Policy;
}

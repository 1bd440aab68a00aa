import type { Policy } from "./policy.js";
import type { Idempotency, MethodKind } from "./service.js";

/** The manifest that `protoc-gen-interlock` writes to `interlock.manifest.json`: every service with its policies. */
export interface Manifest extends ServedManifest {
  readonly services: readonly ManifestService[];
}

/** One service of the manifest. */
export interface ManifestService extends ServedService {
  /** The path of the proto file in imports. */
  readonly file: string;
  readonly methods: readonly ManifestMethod[];
}

/** One method of the manifest. */
export interface ManifestMethod extends ServedMethod {
  /** Whether its request has `buf.validate` constraints. Absent for none. */
  readonly constrained?: boolean;
  /** The full name of the request message. */
  readonly request: string;
  /** The full name of the response message. */
  readonly response: string;
}

/** The manifest that a bot reports of what it serves: without the files and messages, which it does not have. */
export interface ServedManifest {
  /** The version of this format. */
  readonly version: 1;
  readonly services: readonly ServedService[];
}

/** One service of a reported manifest. */
export interface ServedService {
  /** `package.Service`. */
  readonly name: string;
  /** The team or person in charge; absent when the proto names none. */
  readonly owner?: string;
  readonly description?: string;
  /** Identity patterns of the bots that may serve it; empty for any bot. */
  readonly servedBy: readonly string[];
  /** Identity patterns of the gateways through which it is called; absent where it is called without one. */
  readonly via?: readonly string[];
  readonly methods: readonly ServedMethod[];
}

/** One method of a reported manifest. */
export interface ServedMethod {
  /** The name of the method, for example `Grip`. */
  readonly name: string;
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly kind: MethodKind;
  /** Absent where the proto file does not say it; readers of before it was added leave it out. */
  readonly idempotency?: Idempotency;
  readonly policy: Policy;
}

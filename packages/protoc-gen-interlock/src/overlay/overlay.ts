import type { LocatedMap } from "./read-yaml.js";

/** The file beside `buf.yaml` with the policies of methods whose proto files cannot be edited. */
export const overlayFile = "policies.yaml";

/** The policies of {@link overlayFile}, by service and method, and what is wrong with its form. */
export interface Overlay {
  readonly services: readonly OverlaidService[];
  /** Each `policies.yaml:line:column: what is wrong`. */
  readonly faults: readonly string[];
}

/** What an overlay says of one service. */
export interface OverlaidService {
  /** `package.Service`. */
  readonly name: string;
  /** `policies.yaml:line:column`. */
  readonly place: string;
  /** The fields of `interlock.policy.v1.Service`; empty where it says nothing of the service itself. */
  readonly fields: LocatedMap;
  readonly methods: readonly OverlaidMethod[];
}

/** The policy of one method. */
export interface OverlaidMethod {
  readonly name: string;
  readonly place: string;
  /** The fields of `interlock.policy.v1.Access`. */
  readonly fields: LocatedMap;
}

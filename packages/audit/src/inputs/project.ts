import type { ServedMethod, ServedService } from "@interlock/policy";
import type { LocatedGrant } from "@interlock/policy/grants";

/** A place in a file of the project. */
export interface SourcePlace {
  /** Relative to the root of the project, with `/`. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 code units. */
  readonly column: number;
}

/** What the proto files of a project declare, from its manifests. */
export interface Project {
  readonly services: readonly DeclaredService[];
}

/** A service of a manifest with its place in its proto file. */
export interface DeclaredService extends ServedService {
  readonly place: SourcePlace;
  readonly methods: readonly DeclaredMethod[];
}

/** A method of a manifest with its place in its proto file. */
export interface DeclaredMethod extends ServedMethod {
  readonly place: SourcePlace;
}

/** A grants file. */
export interface GrantsFile {
  /** Relative to the root of the project, with `/`. */
  readonly file: string;
  readonly yaml: string;
  readonly grants: readonly LocatedGrant[];
}

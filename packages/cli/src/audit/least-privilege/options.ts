/** The options of `interlock least-privilege`. */
export interface LeastPrivilegeOptions {
  readonly window?: number | "all";
  readonly project?: readonly string[];
  readonly grants?: string;
  readonly includeOperators?: boolean;
  readonly keepWildcards?: boolean;
  readonly all?: boolean;
  readonly patch?: string;
  readonly write?: boolean;
  readonly dryRun?: boolean;
  readonly apply?: boolean;
  readonly rollback?: boolean;
  readonly yes?: boolean;
  readonly force?: boolean;
}

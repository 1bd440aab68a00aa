/** The bounds of a pool. A process that hangs, or is stopped, must not hold what others wait for. */
export interface PostgresLimits {
  /** The most connections; one more listens where `listen` is used. */
  readonly connections: number;
  /** The longest that a statement may run in PostgreSQL. */
  readonly statementMs: number;
  /** The longest that a transaction may stand still between two statements. */
  readonly idleInTransactionMs: number;
  /** The longest that this process waits for an answer. */
  readonly queryMs: number;
}

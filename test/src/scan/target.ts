/** A server that is scanned. */
export interface Target {
  readonly port: number;
  /** How many handlers of its own methods have started. Default: it has none. */
  count?(): Promise<number> | number;
  stop(): Promise<void> | void;
}

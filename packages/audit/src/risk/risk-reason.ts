/** A reason for points. */
export interface RiskReason {
  /** At least 1. */
  readonly points: number;
  /** One sentence. */
  readonly text: string;
}

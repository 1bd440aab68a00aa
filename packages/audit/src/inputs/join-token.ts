/** A join token that is on record. Times are milliseconds since the epoch. */
export interface OpenJoinToken {
  /** Its id in lists; not secret. */
  readonly id: string;
  /** The name or the identity pattern that it is for. */
  readonly name: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  /** How many times it can be used in total. */
  readonly uses: number;
  /** How many times it has been used. */
  readonly used: number;
}

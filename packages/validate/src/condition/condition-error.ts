/** The error of a condition that cannot be used. Its message is a clause without a period. */
export class ConditionError extends Error {
  override readonly name = "ConditionError";
}

/**
 * The error with which a handler decides how its task ends; after any other error the task is tried again later.
 * `reject` closes the task, because no worker can make sense of it; `fail` closes it, because another attempt would not
 * help; `forfeit` hands it back at once, to another worker if there is one.
 *
 * @example
 * ```ts
 * throw new TaskRefusal("forfeit", "The battery is low.");
 * ```
 */
export class TaskRefusal extends Error {
  override readonly name = "TaskRefusal";
  /** How the task ends. */
  readonly kind: "reject" | "fail" | "forfeit";

  /**
   * @param kind - How the task ends.
   * @param reason - Why, for operators; at most 500 characters are kept.
   */
  constructor(kind: "reject" | "fail" | "forfeit", reason: string) {
    super(reason);
    this.kind = kind;
  }
}

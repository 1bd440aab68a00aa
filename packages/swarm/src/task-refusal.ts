/**
 * What a worker's handler throws when the task should not count as failed: `reject` closes it, since no worker could make
 * sense of it; `forfeit` hands it back for another attempt.
 *
 * ```ts
 * throw new TaskRefusal("forfeit", "The battery is low.");
 * ```
 */
export class TaskRefusal extends Error {
  override readonly name = "TaskRefusal";
  readonly kind: "reject" | "forfeit";

  constructor(kind: "reject" | "forfeit", reason: string) {
    super(reason);
    this.kind = kind;
  }
}

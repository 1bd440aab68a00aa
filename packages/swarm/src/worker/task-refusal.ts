/**
 * What a worker's handler throws to say how its task ends; anything else that it throws has the task tried again later.
 * `reject` closes it, since no worker could make sense of it; `fail` closes it, since trying again would not help;
 * `forfeit` hands it back at once, to another worker if there is one.
 *
 * ```ts
 * throw new TaskRefusal("forfeit", "The battery is low.");
 * ```
 */
export class TaskRefusal extends Error {
  override readonly name = "TaskRefusal";
  readonly kind: "reject" | "fail" | "forfeit";

  constructor(kind: "reject" | "fail" | "forfeit", reason: string) {
    super(reason);
    this.kind = kind;
  }
}

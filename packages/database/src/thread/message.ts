/** What the thread is asked for: one call of a method. */
export interface Ask {
  readonly id: number;
  readonly method: string;
  readonly args: readonly unknown[];
}

/** What the thread answers: a value, or what went wrong. */
export type Answer = { readonly id: number } & ({ readonly value: unknown } | { readonly failure: Failure });

/** An error in the form in which it gets from one thread to another; the algorithm that copies messages knows no errors of libsql. */
export type Failure =
  | { readonly kind: "interlock"; readonly options: FailureOptions; readonly code: string; readonly message: string }
  | { readonly kind: "other"; readonly code: string | undefined; readonly message: string };

/** What an `InterlockError` has beside its code and its message. */
export interface FailureOptions {
  readonly reason?: string;
  readonly domain?: string;
  readonly metadata: Readonly<Record<string, string>>;
}

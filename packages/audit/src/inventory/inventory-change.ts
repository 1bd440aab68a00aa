/** The kinds of changes between two inventories, in the order in which they are shown. */
export const changeKinds = [
  "policy-loosened",
  "method-added",
  "method-removed",
  "policy-tightened",
  "policy-changed",
  "state-gained",
  "state-lost",
  "server-added",
  "server-gone",
  "caller-new",
  "caller-gone",
  "bot-added",
  "bot-gone",
] as const;

/** A kind of change: one of {@link changeKinds}. */
export type ChangeKind = (typeof changeKinds)[number];

/** A difference between two inventories. */
export interface InventoryChange {
  readonly kind: ChangeKind;
  /** The endpoint or the bot. */
  readonly subject: string;
  /** In one sentence. */
  readonly text: string;
}

/** The changes from one set of names to another: those that came, then those that went. */
export function comeAndGo(
  subject: (name: string) => string,
  [had, has]: readonly [ReadonlySet<string>, ReadonlySet<string>],
  [came, cameText]: readonly [ChangeKind, (name: string) => string],
  [went, wentText]: readonly [ChangeKind, (name: string) => string],
): InventoryChange[] {
  const beyond = (some: ReadonlySet<string>, others: ReadonlySet<string>) =>
    [...some].filter((name) => !others.has(name));
  return [
    ...beyond(has, had).map((name) => ({ kind: came, subject: subject(name), text: cameText(name) })),
    ...beyond(had, has).map((name) => ({ kind: went, subject: subject(name), text: wentText(name) })),
  ];
}

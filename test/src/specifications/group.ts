/** What a reader does with something: it takes it, or refuses it. */
export type Verdict = "taken" | "refused";

/** One case of the table, with what it is made of. */
export interface Case<Given> {
  readonly name: string;
  /** The section of the specification that decides. */
  readonly section: string;
  readonly expected: Verdict;
  /** Makes the case. Keys are not made before they are needed. */
  given(): Given;
}

/** What was seen of a case. */
export interface Seen {
  readonly verdict: Verdict;
  /** The reason, and what else was seen. */
  readonly detail: string;
}

/** A stage on which the cases of a group are seen. */
export interface Stage<Given> {
  see(given: Given): Promise<Seen>;
  close(): Promise<void>;
}

/** Cases that are seen on one stage. What they are made of is known to the group alone. */
export interface Group {
  readonly title: string;
  readonly cases: readonly Omit<Case<unknown>, "given">[];
  /** Opens the stage; `see` takes the place of a case in `cases`. */
  open(): Promise<{ see(at: number): Promise<Seen>; close(): Promise<void> }>;
}

/** Makes a group of its cases and its stage. */
export function createGroup<Given>(
  title: string,
  cases: readonly Case<Given>[],
  open: () => Promise<Stage<Given>>,
): Group {
  return {
    title,
    cases,
    async open() {
      const stage = await open();
      return { see: async (at) => stage.see((cases[at] as Case<Given>).given()), close: stage.close };
    },
  };
}

/** Writes cases of one section in short, as in `taken("RFC 5280, 4.2.1.3", { "no key usage": () => … })`. */
export function writer(expected: Verdict) {
  return <Given>(section: string, cases: Readonly<Record<string, () => Given>>): Case<Given>[] =>
    Object.entries(cases).map(([name, given]) => ({ name, section, expected, given }));
}

export const taken = writer("taken");
export const refused = writer("refused");

/** Gives what was seen of work that succeeds or rejects: the reason of its error, or the message. */
export async function seenOf(work: () => Promise<unknown>): Promise<Seen> {
  try {
    await work();
    return { verdict: "taken", detail: "" };
  } catch (error) {
    const { reason, message } = error as { reason?: string; message: string };
    return { verdict: "refused", detail: reason ?? message };
  }
}

/** One fault in a grants file. */
export interface GrantsFault {
  /** The line of the fault, from 1; absent when the fault concerns the whole file. */
  readonly line?: number;
  /** What is wrong, and what to write instead. */
  readonly message: string;
}

/** How many faults the message of a {@link GrantsError} lists at most. */
const maximumListedFaults = 20;

/** The error of a grants file that cannot be read. Its message lists the first 20 faults, each with its line. */
export class GrantsError extends Error {
  override readonly name = "GrantsError";
  /** Every fault in the file, in the order of the check. */
  readonly faults: readonly GrantsFault[];

  constructor(faults: readonly GrantsFault[], cause?: unknown) {
    super(listed(faults), { cause });
    this.faults = faults;
  }
}

function listed(faults: readonly GrantsFault[]): string {
  const lines = faults
    .slice(0, maximumListedFaults)
    .map(({ line, message }) => (line === undefined ? message : `line ${line}: ${message}`));
  const more = faults.length - lines.length;
  return [...lines, ...(more > 0 ? [`and ${more} more`] : [])].join("\n");
}

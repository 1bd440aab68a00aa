/** How many faults the message of an {@link AuditFileError} lists at most. */
const maximumListed = 20;

/** The error of a file `interlock.audit.yaml` that cannot be read. */
export class AuditFileError extends Error {
  override readonly name = "AuditFileError";
  /** Every fault, with its line. */
  readonly faults: readonly string[];

  constructor(file: string, faults: readonly string[]) {
    const listed = faults.slice(0, maximumListed);
    const more = faults.length - listed.length;
    super(`${file} cannot be used:\n${[...listed, ...(more > 0 ? [`and ${more} more`] : [])].join("\n")}`);
    this.faults = faults;
  }
}

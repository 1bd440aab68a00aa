/** An error that means that nothing was generated. The message has one line for each fault, or describes another failure. */
export class GenerateError extends Error {
  override readonly name = "GenerateError";

  /** The faults of the proto files, each `path/to/file.proto:line:column: what is wrong`; empty for other failures. */
  readonly faults: readonly string[];

  constructor(message: string, faults: readonly string[] = []) {
    super(message);
    this.faults = faults;
  }
}

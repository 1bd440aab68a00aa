/** Where the texts of private keys are, each under a name such as `ca.key`: files in a folder, or rows of the store. */
export interface KeyPlace {
  /** `undefined` when there is none of that name. */
  read(name: string): Promise<string | undefined>;
  /** Replaces what has that name. It survives a crash when this resolves. */
  write(name: string, text: string): Promise<void>;
  /** Resolves also when there is none of that name. */
  remove(name: string): Promise<void>;
  /** The names there are, in no order. */
  names(): Promise<string[]>;
  /** What a person calls the place of a name, for example its path. */
  describe(name: string): string;
}

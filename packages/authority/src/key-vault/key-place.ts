/**
 * A place for the texts of private keys, each with a name such as `ca.key`: files in a folder, or rows of the store.
 */
export interface KeyPlace {
  /** Reads a text; `undefined` when there is none with that name. */
  read(name: string): Promise<string | undefined>;
  /** Writes or replaces a text. Once this resolves, the text survives a crash. */
  write(name: string, text: string): Promise<void>;
  /** Removes a text, if there is one with that name. */
  remove(name: string): Promise<void>;
  /** Lists the names, in no particular order. */
  names(): Promise<string[]>;
  /** Describes the place of a name for a message, for example by its path. */
  describe(name: string): string;
}

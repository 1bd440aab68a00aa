/** The size of a field in a table, and in a header list: its bytes, and 32 more (RFC 7541, section 4.1). */
export function fieldSize(name: string, value: string): number {
  return name.length + value.length + 32;
}

/** The size of a dynamic table when a connection starts (RFC 9113, section 6.5.2, SETTINGS_HEADER_TABLE_SIZE). */
export const initialTableBytes = 4096;

/** The dynamic table of a connection, in one direction (RFC 7541, section 2.3.2). */
export class DynamicTable {
  // The oldest entry is the first one.
  readonly #names: string[] = [];
  readonly #values: string[] = [];
  readonly #onEvict: ((name: string, value: string) => void) | undefined;
  #size = 0;
  #maximum = initialTableBytes;
  #changes = 0;

  /** @param onEvict - Called with each entry that is dropped. */
  constructor(onEvict?: (name: string, value: string) => void) {
    this.#onEvict = onEvict;
  }

  /** How many entries there are. */
  get length(): number {
    return this.#names.length;
  }

  /** The size that the entries may have together. */
  get maximum(): number {
    return this.#maximum;
  }

  /** How often the table has been changed. As long as it stays the same, the same bytes mean the same fields. */
  get changes(): number {
    return this.#changes;
  }

  /** The name of an entry. The newest is at 1, the oldest at `length`. */
  name(position: number): string {
    return this.#names[this.#names.length - position] as string;
  }

  /** The value of an entry. The newest is at 1, the oldest at `length`. */
  value(position: number): string {
    return this.#values[this.#values.length - position] as string;
  }

  /** Adds an entry, for which the oldest ones make room. One larger than the table empties it (RFC 7541, section 4.4). */
  add(name: string, value: string): void {
    const size = fieldSize(name, value);
    this.#changes++;
    this.#evict(this.#maximum - size);
    if (size > this.#maximum) return;
    this.#names.push(name);
    this.#values.push(value);
    this.#size += size;
  }

  /** Changes the maximum. The oldest entries are dropped until it is kept (RFC 7541, section 4.3). */
  resize(maximum: number): void {
    this.#changes++;
    this.#maximum = maximum;
    this.#evict(maximum);
  }

  #evict(room: number): void {
    while (this.#size > room && this.#names.length > 0) {
      const name = this.#names.shift() as string;
      const value = this.#values.shift() as string;
      this.#size -= fieldSize(name, value);
      this.#onEvict?.(name, value);
    }
  }
}

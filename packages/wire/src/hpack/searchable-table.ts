import { DynamicTable, fieldSize } from "./dynamic-table.js";
import { staticEntries } from "./static-table.js";

// A value that never comes again (the id of a request) must not push all the others out. The values of one name get this
// part of the table; when it is full, the others of that name are not added.
const partOfName = 1 / 4;

interface Name {
  /** The number of the newest entry with this name. */
  newest: number;
  /** The size of the entries with this name. */
  bytes: number;
  /** The numbers of the entries with this name, by value. */
  readonly values: Map<string, number>;
}

/** The dynamic table of an encoder, which has to find fields in it. A field is not added twice. */
export class SearchableTable {
  readonly #table = new DynamicTable((name, value) => this.#forget(name, value));
  readonly #names = new Map<string, Name>();
  /** How many entries were added so far: the number of the next one. */
  #added = 0;

  get maximum(): number {
    return this.#table.maximum;
  }

  get changes(): number {
    return this.#table.changes;
  }

  /** Finds the index of a field. 0 where there is none. */
  find(name: string, value: string): number {
    return this.#indexOf(this.#names.get(name)?.values.get(value));
  }

  /** Finds the index of a field with this name. 0 where there is none. */
  findName(name: string): number {
    return this.#indexOf(this.#names.get(name)?.newest);
  }

  /** Tells whether a field is small enough to be added. One that is known to come again may push out others of its name. */
  hasRoom(name: string, value: string, comesAgain: boolean): boolean {
    const bytes = comesAgain ? 0 : (this.#names.get(name)?.bytes ?? 0);
    return bytes + fieldSize(name, value) <= this.#table.maximum * partOfName;
  }

  add(name: string, value: string): void {
    this.#table.add(name, value); // This comes first: it may drop entries with the same name.
    const known = this.#names.get(name) ?? { newest: 0, bytes: 0, values: new Map<string, number>() };
    known.newest = this.#added++;
    known.bytes += fieldSize(name, value);
    known.values.set(value, known.newest);
    this.#names.set(name, known);
  }

  resize(maximum: number): void {
    this.#table.resize(maximum);
  }

  #forget(name: string, value: string): void {
    const known = this.#names.get(name) as Name;
    known.values.delete(value);
    known.bytes -= fieldSize(name, value);
    if (known.values.size === 0) this.#names.delete(name);
  }

  #indexOf(number: number | undefined): number {
    return number === undefined ? 0 : staticEntries + this.#added - number;
  }
}

import type { HeaderList } from "../header-list.js";
import { DynamicTable, fieldSize, initialTableBytes } from "./dynamic-table.js";
import { type Cursor, readInteger } from "./integer.js";
import { malformed } from "./malformed.js";
import { representation } from "./representation.js";
import { staticEntries, staticTable } from "./static-table.js";
import { readString } from "./string-literal.js";

/** What a header block says. */
export interface DecodedBlock {
  readonly headers: HeaderList;
  /** The sum of the sizes of its fields: name, value and 32 each (RFC 7541, section 4.1). */
  readonly size: number;
  /**
   * The names of the fields that no hop may add to a table. A proxy has to encode them in the same way (RFC 7541, section
   * 6.2.3).
   */
  readonly neverIndexed: ReadonlySet<string> | undefined;
  /** What a reader of the list has worked out of it. A block that comes again is the same object. */
  memo?: unknown;
  /** The reader that has worked it out; see {@link readOnce}. */
  memoOf?: unknown;
  /** As what the list has been found well-formed, so that one that comes again is not judged again. */
  soundAs?: string | undefined;
}

/**
 * What `read` makes of the list of a block. One that comes again, byte by byte, is read once, as long as one reader reads it:
 * of several readers on one connection, each gets its own.
 */
export function readOnce<T>(block: DecodedBlock, read: (headers: HeaderList) => T): T {
  if (block.memoOf !== read) {
    block.memo = read(block.headers);
    block.memoOf = read;
  }
  return block.memo as T;
}

/** Decodes the header blocks of one direction of a connection, each of them, in the order in which they come. */
export interface Decoder {
  /**
   * Decodes the block that is in `bytes`, from `from` up to `to`.
   *
   * @returns The list, or `"too-large"` when a bound is exceeded. Such a block has been decoded nevertheless, so that the
   *   ones after it can be.
   * @throws {ConnectionError} COMPRESSION_ERROR, when the block is malformed. No block can be decoded after that.
   */
  decode(bytes: Buffer, from: number, to: number): DecodedBlock | "too-large";
}

/** The bounds of a decoder. */
export interface DecoderOptions {
  /**
   * The size of the dynamic table that our SETTINGS_HEADER_TABLE_SIZE allows. Not less than the initial 4096: a smaller one
   * would bind the peer only from its acknowledgment on. Default: 4096.
   */
  readonly tableBytes?: number;
  /** The largest list, as `DecodedBlock.size` measures it. Default: 16 KiB. */
  readonly maximumListBytes?: number;
  /**
   * The most fields in a list. A gRPC call has about 10. Default: 128, as `node:http2` has it. The bound in bytes alone
   * would let 512 through, which cost more to look at than their bytes say.
   */
  readonly maximumFields?: number;
}

// The blocks that are recognized when they come again. A connection has few that do: one or two for each method. At their
// largest they are 64 KiB, and 300 KiB with what they mean.
const maximumKnown = 64;
const maximumKnownBytes = 1024;

/** Creates the decoder of a connection. */
export function createDecoder(options: DecoderOptions = {}): Decoder {
  return new BlockDecoder(options);
}

class BlockDecoder implements Decoder {
  readonly #table = new DynamicTable();
  readonly #tableBytes: number;
  readonly #maximumListBytes: number;
  readonly #maximumLength: number;
  /** What blocks mean while the table stays as it is. */
  readonly #known = new Map<string, DecodedBlock | "too-large">();

  constructor({ tableBytes = initialTableBytes, maximumListBytes = 16 * 1024, maximumFields = 128 }: DecoderOptions) {
    if (tableBytes < initialTableBytes) throw new RangeError(`tableBytes is ${tableBytes}, which is less than 4096`);
    this.#tableBytes = tableBytes;
    this.#maximumListBytes = maximumListBytes;
    this.#maximumLength = maximumFields * 2;
  }

  decode(bytes: Buffer, from: number, to: number): DecodedBlock | "too-large" {
    if (to - from > maximumKnownBytes) return this.#read(bytes, from, to);
    const key = bytes.toString("latin1", from, to);
    const known = this.#known.get(key);
    if (known) return known;
    const { changes } = this.#table;
    const block = this.#read(bytes, from, to);
    if (this.#table.changes === changes) {
      if (this.#known.size >= maximumKnown) this.#known.clear();
      this.#known.set(key, block);
    }
    return block;
  }

  #read(bytes: Buffer, from: number, to: number): DecodedBlock | "too-large" {
    const cursor: Cursor = { bytes, at: from, end: to };
    const table = this.#table;
    const { changes } = table;
    const headers: string[] = [];
    let size = 0;
    let neverIndexed: Set<string> | undefined;
    let fits = true;
    readSizeUpdates(cursor, table, this.#tableBytes);
    while (cursor.at < to) {
      const first = bytes[cursor.at] as number;
      let name: string;
      let value: string;
      if (first >= representation.indexed) {
        const index = readIndex(cursor, 7, table);
        if (index === 0) throw malformed("a field has the index 0");
        name = nameAt(index, table);
        value = valueAt(index, table);
      } else {
        const isAdded = first >= representation.incremental;
        if (!isAdded && first >= representation.sizeUpdate) throw malformed("a size update is in the wrong place");
        const index = readIndex(cursor, isAdded ? 6 : 4, table);
        name = index === 0 ? readString(cursor) : nameAt(index, table);
        value = readString(cursor);
        if (isAdded) table.add(name, value);
        else if (first >= representation.neverIndexed && fits) {
          neverIndexed ??= new Set();
          neverIndexed.add(name);
        }
      }
      size += fieldSize(name, value);
      fits = size <= this.#maximumListBytes && headers.length < this.#maximumLength;
      if (fits) headers.push(name, value);
    }
    if (table.changes !== changes) this.#known.clear();
    return fits ? { headers, size, neverIndexed, memo: undefined, memoOf: undefined, soundAs: undefined } : "too-large";
  }
}

/** Reads the size updates that start a block: two at most, the smallest size and the last one (RFC 7541, section 4.2). */
function readSizeUpdates(cursor: Cursor, table: DynamicTable, allowed: number): void {
  for (let updates = 0; updates < 2 && cursor.at < cursor.end; updates++) {
    if (((cursor.bytes[cursor.at] as number) & 0xe0) !== representation.sizeUpdate) return;
    const size = readInteger(cursor, 5);
    if (size > allowed) throw malformed("a size update is larger than the settings allow");
    table.resize(size);
  }
}

function readIndex(cursor: Cursor, prefixBits: number, table: DynamicTable): number {
  const index = readInteger(cursor, prefixBits);
  if (index > staticEntries + table.length) throw malformed("an index is beyond the tables");
  return index;
}

function nameAt(index: number, table: DynamicTable): string {
  return index <= staticEntries ? (staticTable[index * 2 - 2] as string) : table.name(index - staticEntries);
}

function valueAt(index: number, table: DynamicTable): string {
  return index <= staticEntries ? (staticTable[index * 2 - 1] as string) : table.value(index - staticEntries);
}

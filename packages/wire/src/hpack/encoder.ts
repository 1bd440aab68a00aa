import type { HeaderList } from "../header-list.js";
import { initialTableBytes } from "./dynamic-table.js";
import { writeInteger } from "./integer.js";
import { representation } from "./representation.js";
import { SearchableTable } from "./searchable-table.js";
import { findStatic, findStaticName } from "./static-table.js";
import { writeString } from "./string-literal.js";

/** Encodes the header blocks of one direction of a connection, which have to be sent in the same order. */
export interface Encoder {
  /**
   * Writes the block of `headers` to `out` at `at`, where `maximumEncodedBytes(headers)` bytes have to be free.
   *
   * @param recurring - Whether the same list, the object, is going to be encoded again. Its bytes are then remembered. It
   *   must not change. Default: false.
   * @param neverIndexed - The names of more fields that no hop may add to a table: of a forwarded list,
   *   `DecodedBlock.neverIndexed`. The same for the same recurring list. Default: none.
   * @returns Where the block ends.
   */
  encode(headers: HeaderList, out: Buffer, at: number, recurring?: boolean, neverIndexed?: ReadonlySet<string>): number;
  /** Takes the peer's SETTINGS_HEADER_TABLE_SIZE. */
  setTableSize(bytes: number): void;
}

// The table has this size whatever the peer allows: what a gRPC connection repeats fits in, and the table costs us memory.
const maximumTableBytes = initialTableBytes;

// The lists whose bytes are remembered.
const maximumKnown = 64;
const maximumKnownBytes = 1024;

/** The bytes of a list, and how often they have been written. */
interface Known {
  readonly bytes: Buffer;
  uses: number;
}

/**
 * After so many uses, whatever is in a list is added to the table. Another entry has both ends work out their lists again, some 30 µs
 * each; a trace that many calls share, sent as it is, costs them 0.1 µs a call.
 */
const worthAnEntry = 512;

/** Fields that are worth something to an attacker who guesses at them (RFC 7541, section 7.1.3). */
const sensitive: ReadonlySet<string> = new Set(["authorization", "cookie", "proxy-authorization", "set-cookie"]);

/** Fields with another value each time, mostly. One of them is added to the table, for its name. */
const unrepeated: ReadonlySet<string> = new Set([
  "content-length",
  "date",
  "grpc-message",
  "grpc-status-details-bin",
  "grpc-tags-bin",
  "grpc-timeout",
  "grpc-trace-bin",
  "traceparent",
  "tracestate",
  "x-request-id",
]);

/** How many bytes the block of a list can have. */
export function maximumEncodedBytes(headers: HeaderList): number {
  // Before the fields, two size updates of three octets. For a field, an octet, and two lengths of six octets.
  let bytes = 2 * 3 + (headers.length / 2) * (1 + 2 * 6);
  for (const text of headers) bytes += text.length;
  return bytes;
}

/** Creates the encoder of a connection. */
export function createEncoder(): Encoder {
  return new BlockEncoder();
}

/**
 * Strings are written as they are. Huffman codes would take 83 octets off a token of 400: 0.7 µs on a network of 1 Gbit/s,
 * for 2.5 µs of work here and 1.4 µs at the other end. Fields that repeat are indexed anyway.
 */
class BlockEncoder implements Encoder {
  readonly #table = new SearchableTable();
  /** The smallest and the last size that the peer has allowed since the last block. */
  #smallestSize = initialTableBytes;
  #lastSize = initialTableBytes;
  /** The bytes of lists while the table stays as it is. */
  readonly #known = new Map<HeaderList, Known>();

  setTableSize(bytes: number): void {
    this.#lastSize = Math.min(bytes, maximumTableBytes);
    this.#smallestSize = Math.min(this.#smallestSize, this.#lastSize);
  }

  encode(headers: HeaderList, out: Buffer, at: number, recurring = false, neverIndexed?: ReadonlySet<string>): number {
    const from = this.#writeSizeUpdates(out, at);
    const known = recurring ? this.#known.get(headers) : undefined;
    if (known && ++known.uses !== worthAnEntry) return from + known.bytes.copy(out, from);
    const isSettled = known !== undefined;
    const { changes } = this.#table;
    let end = from;
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i] as string;
      const isSensitive = sensitive.has(name) || neverIndexed?.has(name) === true;
      end = this.#writeField(name, headers[i + 1] as string, isSensitive, isSettled, out, end);
    }
    if (this.#table.changes !== changes) this.#known.clear();
    else if (recurring && end - from <= maximumKnownBytes) {
      if (this.#known.size >= maximumKnown) this.#known.clear();
      this.#known.set(headers, { bytes: Buffer.from(out.subarray(from, end)), uses: known?.uses ?? 1 });
    }
    return end;
  }

  #writeField(name: string, value: string, isSensitive: boolean, isSettled: boolean, out: Buffer, at: number): number {
    if (!isSensitive) {
      const index = findStatic(name, value) || this.#table.find(name, value);
      if (index !== 0) return writeInteger(out, at, representation.indexed, 7, index);
    }
    const nameIndex = findStaticName(name) || this.#table.findName(name);
    const repeats = isSettled || nameIndex === 0 || !unrepeated.has(name);
    const isAdded = !isSensitive && repeats && this.#table.hasRoom(name, value, isSettled);
    const pattern = isSensitive ? representation.neverIndexed : representation.notIndexed;
    let end = isAdded
      ? writeInteger(out, at, representation.incremental, 6, nameIndex)
      : writeInteger(out, at, pattern, 4, nameIndex);
    if (nameIndex === 0) end = writeString(out, end, name);
    end = writeString(out, end, value);
    if (isAdded) this.#table.add(name, value);
    return end;
  }

  /** Writes what has become of the table's size since the last block (RFC 7541, section 4.2). */
  #writeSizeUpdates(out: Buffer, at: number): number {
    if (this.#smallestSize === this.#table.maximum && this.#lastSize === this.#table.maximum) return at;
    let end = at;
    if (this.#smallestSize < this.#table.maximum) end = this.#writeSizeUpdate(out, end, this.#smallestSize);
    if (this.#lastSize !== this.#table.maximum) end = this.#writeSizeUpdate(out, end, this.#lastSize);
    this.#smallestSize = this.#lastSize;
    this.#known.clear();
    return end;
  }

  #writeSizeUpdate(out: Buffer, at: number, size: number): number {
    this.#table.resize(size);
    return writeInteger(out, at, representation.sizeUpdate, 5, size);
  }
}

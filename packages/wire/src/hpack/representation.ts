/** The first bits of each representation (RFC 7541, section 6). The other bits of that octet start an integer. */
export const representation = {
  /** A field of the tables. 7 bits for its index. */
  indexed: 0x80,
  /** A field that is added to the dynamic table. 6 bits for the index of its name. */
  incremental: 0x40,
  /** A size update of the dynamic table. 5 bits for the size. */
  sizeUpdate: 0x20,
  /** A field that no hop may add to a table. 4 bits for the index of its name. */
  neverIndexed: 0x10,
  /** A field that is not added. 4 bits for the index of its name. */
  notIndexed: 0x00,
} as const;

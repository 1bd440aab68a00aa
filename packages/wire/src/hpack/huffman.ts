import { createHuffmanCodes, endOfString, huffmanLengths } from "./huffman-codes.js";
import { malformed } from "./malformed.js";

// The decoder is a machine of 256 states, which takes four bits in a step. Its states are the inner nodes of the code's
// tree. A step is a number: the next state in the bits 0 to 7, the octet it completes in the bits 8 to 15, and two flags.
// It completes one octet at most, since the shortest code has five bits.
const completes = 1 << 16;
const invalid = 1 << 17;
let table: Int32Array | undefined;

// A string is padded with less than an octet of ones (RFC 7541, section 5.2).
const maximumPadding = 7;

const scratch = Buffer.allocUnsafeSlow(4096);

/** Decodes a string of Huffman codes (RFC 7541, section 5.2). */
export function decodeHuffman(bytes: Buffer, from: number, to: number): string {
  // The shortest code has 5 bits. One byte more, since what a step completes is written before it is counted.
  const room = Math.floor(((to - from) * 8) / 5) + 1;
  const out = room <= scratch.length ? scratch : Buffer.allocUnsafe(room);
  table ??= createSteps(); // At the first use, because it takes milliseconds.
  const steps = table;
  let length = 0;
  let state = 0;
  for (let at = from; at < to; at++) {
    const octet = bytes[at] as number;
    // No branches but one: which steps complete an octet is as good as random, and a processor would guess wrong.
    const first = steps[(state << 4) | (octet >> 4)] as number;
    out[length] = first >> 8;
    length += (first >> 16) & 1;
    const second = steps[((first & 0xff) << 4) | (octet & 0x0f)] as number;
    out[length] = second >> 8;
    length += (second >> 16) & 1;
    if (((first | second) & invalid) !== 0) throw malformed("a Huffman string has the end of a string in it");
    state = second & 0xff;
  }
  if (state > maximumPadding) throw malformed("a Huffman string is padded wrongly");
  return out.toString("latin1", 0, length);
}

/** Makes the table of steps: the step from a state with four bits is at `state * 16 + bits`. */
function createSteps(): Int32Array {
  const tree = createTree();
  const steps = new Int32Array(tree.length * 16);
  for (let state = 0; state < tree.length; state++) {
    for (let bits = 0; bits < 16; bits++) {
      let node = state;
      let step = 0;
      for (let mask = 8; mask > 0; mask >>= 1) {
        const child = tree[node]?.[(bits & mask) === 0 ? 0 : 1] as number;
        node = Math.max(child, 0);
        if (child < 0) step |= ~child === endOfString ? invalid : completes | (~child << 8);
      }
      steps[state * 16 + bits] = step | node;
    }
  }
  return steps;
}

/**
 * Makes the tree of the code: each inner node is the pair of its children, of which an inner node is its number, and a
 * symbol `~symbol`. The end of a string comes first, so that the node n, up to 29, is where n ones lead to. Padding, and
 * no other rest of a string, ends in a state from 0 to 7.
 */
function createTree(): [number, number][] {
  const codes = createHuffmanCodes();
  const tree: [number, number][] = [[0, 0]];
  for (let symbol = endOfString; symbol >= 0; symbol--) {
    const code = codes[symbol] as number;
    let node = 0;
    for (let left = (huffmanLengths[symbol] as number) - 1; left >= 0; left--) {
      const children = tree[node] as [number, number];
      const bit = ((code >>> left) & 1) as 0 | 1;
      if (left === 0) children[bit] = ~symbol;
      else children[bit] ||= tree.push([0, 0]) - 1;
      node = children[bit];
    }
  }
  return tree;
}

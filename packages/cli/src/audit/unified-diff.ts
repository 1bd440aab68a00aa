/** How many unchanged lines stand around a change. */
const context = 3;

/** More different lines than this are not aligned with each other: the part is replaced as a whole. */
const maximumDistance = 2_000;

type Line = readonly [mark: " " | "-" | "+", text: string];

/**
 * Writes the difference of two texts as a unified diff, which `git apply` takes. Empty when there is none.
 *
 * @param file - The path of the file, with `/`, relative to where the diff is applied.
 */
export function unifiedDiff(file: string, before: string, after: string): string {
  if (before === after) return "";
  const lines = alignLines(linesOf(before), linesOf(after));
  const hunks: string[] = [];
  for (let i = 0; i < lines.length; ) {
    if (lines[i]?.[0] === " ") {
      i++;
      continue;
    }
    const start = Math.max(0, i - context);
    let end = i;
    // Changes with at most two contexts between them are one hunk.
    for (let j = i; j < lines.length && j - end <= 2 * context; j++) if (lines[j]?.[0] !== " ") end = j + 1;
    end = Math.min(lines.length, end + context);
    hunks.push(hunk(lines, start, end));
    i = end;
  }
  return `--- a/${file}\n+++ b/${file}\n${hunks.join("")}`;
}

function hunk(lines: readonly Line[], start: number, end: number): string {
  const shown = lines.slice(start, end);
  const count = (part: readonly Line[], other: string) => part.filter(([mark]) => mark !== other).length;
  const place = (other: string) => {
    const size = count(shown, other);
    const first = count(lines.slice(0, start), other);
    // A part without lines is named by the line before it.
    return `${size === 0 ? first : first + 1},${size}`;
  };
  const text = shown.map(([mark, line]) =>
    line.endsWith("\n") ? mark + line : `${mark}${line}\n\\ No newline at end of file\n`,
  );
  return `@@ -${place("+")} +${place("-")} @@\n${text.join("")}`;
}

/** The lines of a text, each with its line feed. */
function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** Aligns two lists of lines with the fewest changes (Myers 1986). */
function alignLines(before: readonly string[], after: readonly string[]): Line[] {
  let head = 0;
  while (head < before.length && before[head] === after[head]) head++;
  let tail = 0;
  const most = Math.min(before.length, after.length) - head;
  while (tail < most && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  const same = (line: string): Line => [" ", line];
  const [a, b] = [before.slice(head, before.length - tail), after.slice(head, after.length - tail)];
  return [...before.slice(0, head).map(same), ...alignMiddle(a, b), ...before.slice(before.length - tail).map(same)];
}

function alignMiddle(a: readonly string[], b: readonly string[]): Line[] {
  const trace: Int32Array[] = [];
  const size = Math.min(a.length + b.length, maximumDistance);
  const reach = new Int32Array(2 * size + 3);
  const at = (k: number) => k + size + 1;
  const get = (row: Int32Array, k: number) => row[at(k)] ?? 0;
  for (let d = 0; d <= size; d++) {
    trace.push(reach.slice());
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && get(reach, k - 1) < get(reach, k + 1));
      let x = down ? get(reach, k + 1) : get(reach, k - 1) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      reach[at(k)] = x;
      if (x >= a.length && x - k >= b.length) return walkBack(a, b, trace, get);
    }
  }
  return [...a.map((line): Line => ["-", line]), ...b.map((line): Line => ["+", line])];
}

function walkBack(
  a: readonly string[],
  b: readonly string[],
  trace: readonly Int32Array[],
  get: (row: Int32Array, k: number) => number,
): Line[] {
  const lines: Line[] = [];
  let [x, y] = [a.length, b.length];
  for (let d = trace.length - 1; d >= 0; d--) {
    const row = trace[d] as Int32Array;
    const k = x - y;
    const down = k === -d || (k !== d && get(row, k - 1) < get(row, k + 1));
    const [fromX, fromY] = down
      ? [get(row, k + 1), get(row, k + 1) - k - 1]
      : [get(row, k - 1), get(row, k - 1) - k + 1];
    for (; x > fromX && y > fromY; x--, y--) lines.push([" ", a[x - 1] as string]);
    if (d > 0) lines.push(down ? ["+", b[y - 1] as string] : ["-", a[x - 1] as string]);
    [x, y] = [fromX, fromY];
  }
  return lines.reverse();
}

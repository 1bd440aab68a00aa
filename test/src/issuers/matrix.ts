import { attacks } from "./attacks.js";
import { features } from "./features.js";
import type { Row } from "./row.js";
import type { Stage } from "./stage.js";

/** What the table has where an issuer has nothing of the kind. */
export const notApplicable = "–";

/** What was seen of one row on one issuer. */
export interface Cell {
  readonly issuer: string;
  readonly algorithm: string;
  readonly group: "feature" | "attack";
  readonly row: string;
  /** What the row gave, or {@link notApplicable}. */
  readonly seen: string;
  readonly ok: boolean;
}

/** All rows, in the order of the table. */
export const rows: readonly { readonly group: Cell["group"]; readonly row: Row }[] = [
  ...features.map((row) => ({ group: "feature" as const, row })),
  ...attacks.map((row) => ({ group: "attack" as const, row })),
];

/** Plays one row on one issuer. */
export async function playCell(stage: Stage, { group, row }: (typeof rows)[number]): Promise<Cell> {
  const { name: issuer, algorithm } = stage.issuer;
  const cell = { issuer, algorithm, group, row: row.name };
  if (!(row.applies?.(stage) ?? true)) return { ...cell, seen: notApplicable, ok: true };
  return row.play(stage).then(
    (seen) => ({ ...cell, seen, ok: true }),
    (error) => ({ ...cell, seen: String(error.message ?? error), ok: false }),
  );
}

/** Writes cells as a table: a line for each row, a column for each issuer, or one for each algorithm where they differ. */
export function formatMatrix(cells: readonly Cell[]): string {
  const played = rows.filter(({ row }) => cells.some((cell) => cell.row === row.name));
  const columns = [...new Set(cells.map(({ issuer }) => issuer))].flatMap((issuer) => columnsOf(issuer));
  const table = [
    ["", "", ...columns.map(({ title }) => title)],
    ...played.map(({ group, row }, at) => [group, row.name, ...columns.map(({ seen }) => seen[at] ?? "")]),
  ];
  const widths = (table[0] ?? []).map((_, at) => Math.max(...table.map((line) => line[at]?.length ?? 0)));
  return table
    .map((line) =>
      line
        .map((text, at) => text.padEnd(widths[at] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");

  function columnsOf(issuer: string): readonly Column[] {
    const own = cells.filter((cell) => cell.issuer === issuer);
    const algorithms = [...new Set(own.map(({ algorithm }) => algorithm))];
    const all = algorithms.map((algorithm): Column => {
      const seenOf = (name: string) => own.find((cell) => cell.row === name && cell.algorithm === algorithm);
      return { title: `${issuer}, ${algorithm}`, seen: played.map(({ row }) => textOf(seenOf(row.name))) };
    });
    const [first] = all;
    const alike = first && all.every(({ seen }) => seen.join("\n") === first.seen.join("\n"));
    return alike ? [{ title: `${issuer}, ${algorithms.join(" and ")}`, seen: first.seen }] : all;
  }
}

interface Column {
  readonly title: string;
  /** What was seen of each row. */
  readonly seen: readonly string[];
}

const textOf = (cell: Cell | undefined) => (cell ? `${cell.ok ? "" : "✘ "}${cell.seen}` : "");

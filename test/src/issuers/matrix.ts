import { attacks } from "./attacks.js";
import { features } from "./features.js";
import type { Row } from "./row.js";
import type { Stage } from "./stage.js";

/** What was seen of one row on one issuer. */
export interface Cell {
  readonly issuer: string;
  readonly algorithm: string;
  readonly group: "feature" | "attack";
  readonly row: string;
  /** What the row gave; `–` where the issuer has nothing of the kind. */
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
  if (!(row.applies?.(stage) ?? true)) return { ...cell, seen: "–", ok: true };
  return row.play(stage).then(
    (seen) => ({ ...cell, seen, ok: true }),
    (error) => ({ ...cell, seen: String(error.message ?? error), ok: false }),
  );
}

/** Writes cells as a table: a line for each row, a column for each issuer and algorithm. */
export function formatMatrix(cells: readonly Cell[]): string {
  const columns = [...new Set(cells.map(columnOf))];
  const seenOf = (row: string, column: string) => {
    const cell = cells.find((one) => one.row === row && columnOf(one) === column);
    return cell ? `${cell.ok ? "" : "✘ "}${cell.seen}` : "";
  };
  const lines = rows
    .filter(({ row }) => cells.some((cell) => cell.row === row.name))
    .map(({ group, row }) => [group, row.name, ...columns.map((column) => seenOf(row.name, column))]);
  const table = [["", "", ...columns], ...lines];
  const widths = (table[0] ?? []).map((_, at) => Math.max(...table.map((line) => line[at]?.length ?? 0)));
  return table
    .map((line) =>
      line
        .map((text, at) => text.padEnd(widths[at] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

const columnOf = ({ issuer, algorithm }: Cell) => `${issuer}, ${algorithm}`;

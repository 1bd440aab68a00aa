import { styleText } from "node:util";
import { InterlockError } from "@interlock/bot";
import { FaultsError } from "./faults-error.js";

/** The output of a command: tables and color for people, JSON for programs. */
export interface Output {
  readonly json: boolean;
  /** The exit code of the command when it succeeds. Default: 0. */
  exitCode: number;
  /** Writes the result: `value` with `--json`; otherwise calls `print`, which uses the functions of this object. */
  result(value: object, print: () => void): void;
  /** Writes a line for people; nothing with `--json`. */
  line(text?: string): void;
  /** Writes a table for people; nothing with `--json`. */
  table(headings: readonly string[], rows: readonly (readonly string[])[]): void;
  /** Writes progress on standard error, with and without `--json`. */
  progress(text: string): void;
  /** Writes an error, which says what to do. */
  failure(error: unknown): void;
}

/** Colors a text if standard output is a terminal with colors. */
export function paint(style: Parameters<typeof styleText>[0], text: string): string {
  const plain = !process.stdout.isTTY || process.env.NO_COLOR;
  return plain ? text : styleText(style, text);
}

/** Creates an output that writes to standard output and standard error. */
export function createOutput(json: boolean): Output {
  const write = (text: string) => void process.stdout.write(`${text}\n`);
  const output: Output = {
    json,
    exitCode: 0,
    result(value, print) {
      if (json) write(JSON.stringify(value, toPlain));
      else print();
    },
    line(text = "") {
      if (!json) write(text);
    },
    table(headings, rows) {
      if (json) return;
      const widths = headings.map((heading, i) => Math.max(heading.length, ...rows.map((row) => row[i]?.length ?? 0)));
      const columns = (row: readonly string[]) =>
        row
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join("  ")
          .trimEnd();
      write(paint("bold", columns(headings)));
      for (const row of rows) write(columns(row));
    },
    progress: (text) => void process.stderr.write(`${text}\n`),
    failure(error) {
      const { code, reason, message, metadata } = InterlockError.from(error);
      const faults = error instanceof FaultsError ? { faults: error.faults } : {};
      if (json) write(JSON.stringify({ ok: false, error: { code, reason, message, metadata, ...faults } }));
      else
        process.stderr.write(
          `${paint("red", "error")} ${message}${reason ? paint("dim", ` [${code} ${reason}]`) : ""}\n`,
        );
    },
  };
  return output;
}

function toPlain(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? Number(value) : value;
}

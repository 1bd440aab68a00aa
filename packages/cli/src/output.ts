import { randomUUID } from "node:crypto";
import { styleText } from "node:util";
import { InterlockError } from "@interlock/bot";
import { printable } from "@interlock/bot/internal";
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

type Style = Extract<Parameters<typeof styleText>[0], string>;

// Stands for the colors in a line until it is written. It is random, so that no text from elsewhere can hold it.
const secret = randomUUID();
const painted = new RegExp(`<${secret} (\\w+)>|</${secret}>`, "g");

/** Colors a text when the line with it is written, if standard output is a terminal with colors. */
export function paint(style: Style, text: string): string {
  return `<${secret} ${style}>${text}</${secret}>`;
}

/**
 * A line for a terminal. Everything in it comes from elsewhere, so everything but the colors of {@link paint} is written in
 * a printable form. Line feeds stay.
 */
function shown(text: string): string {
  const plain = !process.stdout.isTTY || process.env.NO_COLOR;
  let open: string | undefined;
  return printable(text, { lines: true }).replace(painted, (_mark, style?: Style) => {
    const [before = "", after = ""] = plain ? [] : styleText(style ?? (open as Style), "|").split("|");
    open = style;
    return style ? before : after;
  });
}

/** Creates an output that writes to standard output and standard error. */
export function createOutput(json: boolean): Output {
  const write = (text: string) => void process.stdout.write(`${shown(text)}\n`);
  // JSON leaves some characters as they are that a terminal obeys.
  const writeJson = (value: unknown) => void process.stdout.write(`${printable(JSON.stringify(value, toPlain))}\n`);
  const output: Output = {
    json,
    exitCode: 0,
    result(value, print) {
      if (json) writeJson(value);
      else print();
    },
    line(text = "") {
      if (!json) write(text);
    },
    table(headings, given) {
      if (json) return;
      const rows = given.map((row) => row.map((cell) => printable(cell)));
      const widths = headings.map((heading, i) =>
        rows.reduce((most, row) => Math.max(most, width(row[i])), heading.length),
      );
      const columns = (row: readonly string[]) =>
        row
          .map((cell, i) => cell + " ".repeat(Math.max(0, (widths[i] ?? 0) - width(cell))))
          .join("  ")
          .trimEnd();
      write(paint("bold", columns(headings)));
      for (const row of rows) write(columns(row));
    },
    progress: (text) => void process.stderr.write(`${shown(text)}\n`),
    failure(error) {
      const { code, reason, message, metadata } = InterlockError.from(error);
      const faults = error instanceof FaultsError ? { faults: error.faults } : {};
      if (json) return writeJson({ ok: false, error: { code, reason, message, metadata, ...faults } });
      // A message from another bot cannot begin a line of its own.
      const text = message.replace(/\n(?! )/g, "\n  ");
      const known = reason ? paint("dim", ` [${code} ${reason}]`) : "";
      process.stderr.write(`${shown(`${paint("red", "error")} ${text}${known}`)}\n`);
    },
  };
  return output;
}

/** The columns that a cell takes; colors take none. */
function width(cell = ""): number {
  return cell.replace(painted, "").length;
}

function toPlain(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? Number(value) : value;
}

import { resolve } from "node:path";
import { parseArgs } from "node:util";

/** One option of a command line. */
export interface Option<Value> {
  /** The name of the value in the help, for example `<n>`. Undefined for a flag, which takes no value. */
  readonly placeholder: string | undefined;
  readonly summary: string;
  /**
   * Reads the value from the command line.
   *
   * @throws Error with what the option takes, for example "a whole number from 1 to 9999".
   */
  read(text: string): Value;
}

/** Options by name, without the two dashes. */
export type OptionTable = Readonly<Record<string, Option<unknown>>>;

/** The values of the options that were given. */
export type OptionValues<Table extends OptionTable> = {
  readonly [Name in keyof Table]?: ReturnType<Table[Name]["read"]> | undefined;
};

/** An option that is on when it is given. */
export function flag(summary: string): Option<boolean> {
  return { placeholder: undefined, summary, read: () => true };
}

/** An option that takes a whole number from 1 to `most`. */
export function count(summary: string, most: number): Option<number> {
  return {
    placeholder: "<n>",
    summary,
    read(text) {
      const value = /^[1-9]\d{0,8}$/.test(text) ? Number(text) : 0;
      if (value < 1 || value > most) throw new Error(`a whole number from 1 to ${most}`);
      return value;
    },
  };
}

/** An option that takes a whole number of seconds from 1 to `most`. */
export function seconds(summary: string, most: number): Option<number> {
  return { placeholder: "<seconds>", summary, read: count(summary, most).read };
}

/** An option that takes one of a few words. */
export function choice<Word extends string>(
  placeholder: string,
  summary: string,
  words: readonly Word[],
): Option<Word> {
  return {
    placeholder,
    summary,
    read(text) {
      const word = words.find((each) => each === text);
      if (word === undefined) throw new Error(words.join(" or "));
      return word;
    },
  };
}

/** An option that takes some of a few words, with commas between them. */
export function several<Word extends string>(
  placeholder: string,
  summary: string,
  words: readonly Word[],
): Option<readonly Word[]> {
  return {
    placeholder,
    summary,
    read(text) {
      const given = text.split(",");
      if (!given.every((each) => (words as readonly string[]).includes(each))) {
        throw new Error(`some of ${words.join(",")}, with commas between them`);
      }
      return words.filter((each) => given.includes(each));
    },
  };
}

/** An option that takes a path. Its value is absolute. */
export function path(placeholder: string, summary: string): Option<string> {
  return {
    placeholder,
    summary,
    read(text) {
      if (text === "") throw new Error("a path");
      return resolve(text);
    },
  };
}

/**
 * Reads the arguments of a command line.
 *
 * @throws Error with a sentence about the first argument that does not fit.
 */
export function readArguments<Table extends OptionTable>(
  args: readonly string[],
  table: Table,
): { values: OptionValues<Table>; positionals: string[] } {
  const options = Object.fromEntries(
    Object.entries(table).map(([name, { placeholder }]) => [
      name,
      { type: placeholder === undefined ? ("boolean" as const) : ("string" as const) },
    ]),
  );
  const { tokens, positionals } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values: Record<string, unknown> = {};
  for (const token of tokens) if (token.kind === "option") values[token.name] = readOption(token, table);
  return { values: values as OptionValues<Table>, positionals };
}

function readOption(token: { name: string; rawName: string; value?: string | undefined }, table: OptionTable): unknown {
  const { name, rawName, value } = token;
  const option = Object.hasOwn(table, name) ? table[name] : undefined;
  if (!option) throw new Error(`There is no option ${rawName}.`);
  if (option.placeholder === undefined) {
    if (value !== undefined) throw new Error(`${rawName} takes no value: leave out "=${value}".`);
    return option.read("");
  }
  try {
    return option.read(value ?? "");
  } catch (error) {
    const given = value === undefined ? "has no value" : `is "${value}"`;
    throw new Error(`${rawName} takes ${(error as Error).message}, and it ${given}.`);
  }
}

/** The lines of the help about the options. */
export function describeOptions(table: OptionTable): string {
  return Object.entries(table)
    .map(([name, { placeholder, summary }]) => {
      const usage = placeholder === undefined ? `--${name}` : `--${name} ${placeholder}`;
      return `  ${usage.padEnd(18)}${summary}`;
    })
    .join("\n");
}

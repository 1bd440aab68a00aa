import { fieldError } from "../swarm-error.js";
import { isExact, isStorable } from "../text.js";

/** Says what is wrong with a value; `undefined` where nothing is. */
export type Rule<T> = (value: T) => string | undefined;

/** A rule for each field of a message: a new field does not compile without one. */
export type Rules<M> = { readonly [Field in keyof M]-?: Rule<M[Field]> };

/**
 * Checks a message at the door, before anything is done for it.
 *
 * @throws `FIELD_INVALID` with the name of the first field that breaks its rule.
 */
export function check<M extends object>(message: M, rules: Rules<M>, within = ""): void {
  for (const field in rules) {
    const problem = rules[field](message[field]);
    if (problem !== undefined) throw fieldError(`${within}${snakeCase(field)}`, problem);
  }
}

/** Takes every value: of a field that is cut or compared where it is used, so that no value of it does harm. */
export const anything: Rule<unknown> = () => undefined;

/** A name or a key: compared, stored, and given back unchanged. */
export function exactText(atMost: number): Rule<string> {
  return (text) => {
    if (text.length > atMost) return `has ${count(text.length)} characters, and may have ${count(atMost)}`;
    return isExact(text) ? undefined : "is no valid text: it has NUL in it, or bytes that are no UTF-8";
  };
}

/** Words for people. */
export function words(atMost: number): Rule<string> {
  return (text) => {
    if (text.length > atMost) return `has ${count(text.length)} characters, and may have ${count(atMost)}`;
    return isStorable(text) ? undefined : "is no valid text: it has NUL in it, or half a surrogate pair";
  };
}

export function bytes(atMost: number): Rule<Uint8Array> {
  return ({ length }) =>
    length > atMost
      ? `has ${count(length)} bytes, and may have ${count(atMost)}: keep it elsewhere, and name it`
      : undefined;
}

/** A whole number within bounds. */
export function whole(least: number, most: number): Rule<number> {
  return (value) =>
    Number.isSafeInteger(value) && value >= least && value <= most
      ? undefined
      : `is ${value}, and has to be a whole number from ${count(least)} to ${count(most)}`;
}

/** A fencing token or an epoch: they fit a double, as the stores keep them. */
export const token: Rule<bigint> = (value) =>
  value >= 0n && value <= BigInt(Number.MAX_SAFE_INTEGER) ? undefined : `is ${value}, which no leader gives`;

// The range of google.protobuf.Timestamp.
const firstMoment = Date.parse("0001-01-01T00:00:00Z");
const lastMoment = Date.parse("9999-12-31T23:59:59.999Z");

export const moment: Rule<Date | undefined> = (date) => {
  const at = date?.getTime();
  if (at === undefined || (at >= firstMoment && at <= lastMoment)) return undefined;
  return "is no time from the year 1 to the year 9999";
};

/** A list, with a rule for its members. */
export function listOf<T>(rule: Rule<T>, atMost: number): Rule<readonly T[]> {
  return (list) => {
    if (list.length > atMost) return `has ${count(list.length)} members, and may have ${count(atMost)}`;
    for (const member of list) {
      const problem = rule(member);
      if (problem !== undefined) return `has a member that ${problem}`;
    }
    return undefined;
  };
}

/** A value of an enum that this version knows. */
export function knownOf(values: Readonly<Record<string, number | string>>): Rule<number> {
  const known = new Set(Object.values(values));
  return (value) => (value >= 0 && known.has(value) ? undefined : `is ${value}, which this leader does not know`);
}

function count(value: number): string {
  return value.toLocaleString("en");
}

function snakeCase(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

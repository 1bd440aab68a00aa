import { InterlockError } from "@interlock/bot";

/** A message as text. */
export function text(message: unknown): string {
  return JSON.stringify(message);
}

/** Prints a call and its answer. */
export async function show(call: string, answer: Promise<object>): Promise<void> {
  console.log(`✔ ${call}  ${text(await answer)}`);
}

/** Prints a call and why it was refused; throws when it was not. */
export async function showRefusal(call: string, answer: Promise<object>): Promise<void> {
  const error = await answer.then(() => undefined, InterlockError.from);
  if (!error) throw new Error(`${call} was allowed`);
  const { code, reason, message } = error;
  console.log(`✘ ${call}  ${code} ${reason}\n  ${message}`);
}

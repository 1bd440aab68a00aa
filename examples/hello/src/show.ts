import { InterlockError } from "@interlock/bot";

/** Prints a call and its answer. */
export async function showAllowed(call: string, answer: Promise<object>): Promise<void> {
  console.log(`✔ ${call}  ${JSON.stringify(await answer)}`);
}

/** Prints a call and why it was refused; throws when it was not. */
export async function showDenied(call: string, answer: Promise<object>): Promise<void> {
  const error = await answer.then(() => undefined, InterlockError.from);
  if (!error) throw new Error(`${call} was allowed`);
  const { code, reason, message } = error;
  console.log(`✘ ${call}  ${code} ${reason}`);
  console.log(`  ${message}`);
}

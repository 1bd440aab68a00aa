/** A caller with those that act for it: `coffee/1, by gate/1`. */
export function callerText(bot: string, actors: readonly string[]): string {
  return actors.length === 0 ? bot : `${bot}, by ${[...actors].reverse().join(", by ")}`;
}

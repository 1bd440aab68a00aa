import { type Attack, attacks, openStage } from "@interlock/testing-siege";
import type { Answer, Play, Row, Variant } from "./row.js";

/** Short, so that the whole contract is played in minutes. `npm run bench -- siege` takes its time. */
const timing = { windowMs: 700, attackMs: 2_000 };

/**
 * The rows on availability: each attack is made beside an honest bystander in another process, who must not notice. A row
 * fails at what is wrong on any machine; figures that a busy machine moves are told in the note.
 */
export const siegeRows: readonly Row[] = [...new Set(attacks.map(({ row }) => row))].map((row) => {
  const ofRow = attacks.filter((attack) => attack.row === row);
  return { row, attack: ofRow.map(({ title }) => title).join("; "), play: () => playSieges(ofRow) };
});

async function playSieges(ofRow: readonly Attack[]): Promise<Play> {
  const kinds = [...new Set(ofRow.map(({ target }) => target))];
  const stages = new Map(
    await Promise.all(
      kinds.map(async (kind) => {
        const stage = await openStage(
          ofRow.filter(({ target }) => target === kind),
          timing,
        );
        return [kind, stage] as const;
      }),
    ),
  );
  const each = async (work: "control" | "end") => {
    for (const stage of stages.values()) await stage[work]();
  };
  return {
    control: () => each("control"),
    variants: ofRow.map((attack): Variant => {
      let note = "";
      return {
        name: attack.name,
        answer: attack.allowed.map(toAnswer),
        async attack() {
          const { problems, slow, outcome, memoryMib } = (await stages.get(attack.target)?.make(attack)) ?? fail();
          if (problems.length > 0) throw new Error(problems.join("; "));
          note = [`${outcome.sent} sent`, `${memoryMib} MiB`, ...(outcome.note ? [outcome.note] : []), ...slow].join(
            ", ",
          );
          // The most frequent answer stands for all of them, which have been compared already.
          const [most] = Object.entries(outcome.answers).toSorted(([, a], [, b]) => b - a);
          return toAnswer(most?.[0] ?? attack.allowed[0] ?? "close");
        },
        note: () => note,
      };
    }),
    handled: () => 0,
    perControl: 0,
    denials: () => [],
    end: () => each("end"),
  };
}

function toAnswer(text: string): Answer {
  return text === "close" ? text : Number(text);
}

function fail(): never {
  throw new Error("there is no stage for this attack");
}

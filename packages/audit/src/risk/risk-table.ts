import {
  actorSteps,
  dataPoints,
  factMeanings,
  factPoints,
  maximumScanPoints,
  maximumScore,
  reachSteps,
  riskPoints,
  type Steps,
} from "./weights.js";

/** The table of docs/risk.md: all that adds to a score, by what it is. */
export function riskTable(): string {
  const rows: [string, string, number][] = [
    ...Object.entries(riskPoints).map(([risk, points]): [string, string, number] => [
      "risk",
      `its policy states \`${risk}\``,
      points,
    ]),
    ...Object.entries(dataPoints).map(([data, points]): [string, string, number] => [
      "data",
      `\`${data}\` is its worst kind of data`,
      points,
    ]),
    ...stepRows("reach", reachSteps, "can call it now"),
    ...stepRows("actors", actorSteps, "may act for its callers, by `token:exchange`"),
    ...Object.entries(factMeanings).map(([fact, meaning]): [string, string, number] => [
      fact,
      meaning,
      factPoints[fact as keyof typeof factPoints],
    ]),
  ];
  const lines = rows
    .filter(([, , points]) => points > 0)
    .map(([name, meaning, points]) => `| ${name} | ${meaning} | ${points} |`);
  return [
    "| reason | it counts when | points |",
    "| ------ | -------------- | -----: |",
    ...lines,
    "",
    `All that a scan found is at most ${maximumScanPoints} points together. A score is at most ${maximumScore}.`,
  ].join("\n");
}

function stepRows(name: string, steps: Steps, what: string): [string, string, number][] {
  return steps.map(({ from, points }, i) => {
    const next = steps[i + 1];
    const range =
      next === undefined ? `${from} or more` : next.from - 1 === from ? `${from}` : `${from} to ${next.from - 1}`;
    return [name, `${range} bots ${what}`, points];
  });
}

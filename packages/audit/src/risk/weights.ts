import type { DataClass, Risk } from "@interlock/policy";

/** The points for each declared risk. */
export const riskPoints: Readonly<Record<Risk, number>> = { low: 0, medium: 10, high: 20, critical: 30 };

/** The points for each kind of data; the highest counts. */
export const dataPoints: Readonly<Record<DataClass, number>> = {
  public: 0,
  internal: 2,
  confidential: 8,
  personal: 12,
  secret: 15,
};

/** The points for the number of bots, from the first number up; the highest that fits counts. */
export type Steps = readonly { readonly from: number; readonly points: number }[];

/** The points for the bots that can call. */
export const reachSteps: Steps = [
  { from: 1, points: 1 },
  { from: 3, points: 4 },
  { from: 10, points: 8 },
  { from: 100, points: 12 },
];

/** The points for the bots that may act for its callers. */
export const actorSteps: Steps = [
  { from: 1, points: 4 },
  { from: 3, points: 8 },
];

/** The points for what is true or not. */
export const factPoints = {
  "no-policy": 20,
  undeclared: 15,
  "any-bot": 10,
  "deep-wildcard": 8,
  wildcard: 3,
  "no-rate-high": 6,
  "no-rate": 2,
  "past-sunset": 12,
  unused: 10,
  deprecated: 5,
  unknown: 4,
  drift: 15,
  plaintext: 25,
  "answers-without-token": 25,
  "no-client-certificate": 20,
  "foreign-certificate": 20,
  "open-to-strangers": 6,
} as const;

/** A fact that counts. */
export type Fact = keyof typeof factPoints;

/** The most points that one scan can add, and the highest score. */
export const maximumScanPoints = 35;
export const maximumScore = 100;

/** What each fact means, for docs/risk.md. */
export const factMeanings: Readonly<Record<Fact, string>> = {
  "no-policy": "no proto file and no manifest states its policy; instead of the points for risk and data",
  undeclared: "it is served or called, and the project does not declare it",
  "any-bot": "`any_bot`: any bot with a valid certificate may call it, without a token",
  "deep-wildcard": "a scope of it is granted to a pattern with `**`",
  wildcard: "a scope of it is granted to a pattern with `*`, and to none with `**`",
  "no-rate-high": "it has no rate, and its risk is high or critical",
  "no-rate": "it has no rate, and its risk is low or medium",
  "past-sunset": "it is past its sunset, and still declared or served",
  unused: "it is unused",
  deprecated: "it is deprecated, and not past its sunset",
  unknown: "whether it is used is not known",
  drift: "a server enforces a looser policy than is declared",
  plaintext: "scan: a port of it speaks without TLS",
  "answers-without-token": "scan: a port of it answers without a token or a certificate",
  "no-client-certificate": "scan: a port of it demands no client certificate",
  "foreign-certificate": "scan: a port of it accepts a certificate that no CA of the fleet has signed",
  "open-to-strangers": "scan: a port of it shows a stranger reflection, health or channelz",
};

/** The points for a number of bots. */
export function stepPoints(steps: Steps, count: number): number {
  return steps.reduce((points, step) => (count >= step.from ? step.points : points), 0);
}

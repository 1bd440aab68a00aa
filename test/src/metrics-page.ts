import { authorityMetrics } from "@interlock/authority";
import { botMetrics, type MetricDefinition, prometheusName } from "@interlock/bot/metrics";
import { swarmMetrics } from "@interlock/swarm";

/** Every metric of Interlock, by the heading under which docs/metrics.md has it. */
export const allMetrics: Readonly<Record<string, readonly MetricDefinition[]>> = {
  "Of every bot": Object.values(botMetrics),
  "Of an authority": Object.values(authorityMetrics),
  "Of a leader": Object.values(swarmMetrics),
};

const typeNames = { counter: "counter", updown: "gauge", gauge: "gauge", histogram: "histogram" } as const;

/** The tables of docs/metrics.md, as they have to be. */
export function metricsTables(): string {
  return Object.entries(allMetrics)
    .map(([heading, metrics]) => `### ${heading}\n\n${metrics.map(toEntry).join("\n")}\n`)
    .join("\n");
}

function toEntry(metric: MetricDefinition): string {
  const { name, type, unit, attributes, description } = metric;
  const labels = attributes.length === 0 ? "" : ` Labels: ${attributes.map((label) => `\`${label}\``).join(", ")}.`;
  const kind = `${typeNames[type]}${unit === "" ? "" : `, ${unit}`}`;
  return `- \`${name}\` (${kind}); in Prometheus \`${prometheusName(metric)}\`. ${description}${labels}`;
}

/** Every name that a query of Prometheus may use. */
export function prometheusNames(): Set<string> {
  const all = Object.values(allMetrics).flat();
  return new Set(
    all.flatMap((metric) => {
      const name = prometheusName(metric);
      return metric.type === "histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
    }),
  );
}

/** Every label that a query of Prometheus may use. */
export function prometheusLabels(): Set<string> {
  const all = Object.values(allMetrics).flat();
  const labels = all.flatMap(({ attributes }) => attributes.map((label) => label.replaceAll(".", "_")));
  return new Set(["interlock_bot", "le", ...labels]);
}

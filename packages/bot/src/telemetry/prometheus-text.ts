import type { HistogramValue, Metric, MetricAttributes, MetricDefinition } from "./metric.js";

/** The two formats that Prometheus reads. */
export type ExpositionFormat = "prometheus" | "openmetrics";

/** The `Content-Type` of each format. */
export const contentTypes: Readonly<Record<ExpositionFormat, string>> = {
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/**
 * Writes metrics in the text format of Prometheus, or in that of OpenMetrics. Names follow the rules of OpenTelemetry for
 * Prometheus: dots become underscores, a unit is appended, and `_total` to counters.
 *
 * @param metrics - What to write, of one or more sources.
 * @param format - Default: `prometheus`.
 * @returns The text. Metrics with one name stand together.
 */
export function prometheusText(metrics: readonly Metric[], format: ExpositionFormat = "prometheus"): string {
  const families = new Map<string, Metric[]>();
  for (const metric of metrics) {
    const name = prometheusName(metric);
    families.set(name, [...(families.get(name) ?? []), metric]);
  }
  const lines = [...families].flatMap(([name, all]) => familyLines(name, all, format));
  if (format === "openmetrics") lines.push("# EOF");
  return `${lines.join("\n")}\n`;
}

/** The name of a metric in Prometheus: for a histogram without `_bucket`, `_count` and `_sum`. */
export function prometheusName({ name, type, unit }: MetricDefinition): string {
  const base = name.replace(/[^a-zA-Z0-9_]/g, "_");
  const named = unit === "s" ? `${base}_seconds` : base;
  return type === "counter" ? `${named}_total` : named;
}

const types = { counter: "counter", updown: "gauge", gauge: "gauge", histogram: "histogram" } as const;

function familyLines(name: string, all: readonly Metric[], format: ExpositionFormat): string[] {
  const [{ type, unit, description }] = all as [Metric];
  // OpenMetrics names a counter's family without the suffix of its samples.
  const family = format === "openmetrics" && type === "counter" ? name.replace(/_total$/, "") : name;
  const head = [`# HELP ${family} ${escapeHelp(description)}`, `# TYPE ${family} ${types[type]}`];
  if (format === "openmetrics" && unit === "s") head.push(`# UNIT ${family} seconds`);
  const points = all.flatMap((metric) => metric.points);
  const samples = points.flatMap(({ attributes, value }) =>
    typeof value === "number" ? [`${name}${labels(attributes)} ${value}`] : histogramLines(name, attributes, value),
  );
  return [...head, ...samples];
}

function histogramLines(name: string, attributes: MetricAttributes, { bounds, counts, sum }: HistogramValue): string[] {
  let below = 0;
  const buckets = [...bounds.map(floatText), "+Inf"].map((le, i) => {
    below += counts[i] ?? 0;
    return `${name}_bucket${labels({ ...attributes, le })} ${below}`;
  });
  return [...buckets, `${name}_sum${labels(attributes)} ${sum}`, `${name}_count${labels(attributes)} ${below}`];
}

/** OpenMetrics writes the bounds of buckets as floating-point numbers. */
function floatText(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

function labels(attributes: MetricAttributes): string {
  const pairs = Object.entries(attributes).map(
    ([key, value]) => `${key.replace(/[^a-zA-Z0-9_]/g, "_")}="${escapeLabel(value)}"`,
  );
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escapeLabel(text: string): string {
  return text.replace(/\\/g, "\\\\").replace(/\n/g, "\\n").replace(/"/g, '\\"');
}

function escapeHelp(text: string): string {
  return text.replace(/\\/g, "\\\\").replace(/\n/g, "\\n");
}

/**
 * What a metric is. `counter` only grows, `updown` is an amount that can be added up over bots, `gauge` is one that cannot,
 * `histogram` has the distribution of what was measured since the start.
 */
export type MetricType = "counter" | "updown" | "gauge" | "histogram";

/** The description of one metric. */
export interface MetricDefinition {
  /** The name in the manner of OpenTelemetry, for example `interlock.trust.age`. */
  readonly name: string;
  readonly type: MetricType;
  /** The unit by UCUM: `s`, or what is counted in braces, as `{call}`; empty for a number without a unit. */
  readonly unit: string;
  /** One sentence that says what it is. */
  readonly description: string;
  /** The attributes of its points beside those that all metrics of one source have. */
  readonly attributes: readonly string[];
}

/** The labels of a point, by name. */
export type MetricAttributes = Readonly<Record<string, string>>;

/** A distribution. */
export interface HistogramValue {
  /** The upper bounds of the buckets, ascending. */
  readonly bounds: readonly number[];
  /** How many values fell in each bucket; one more than bounds, the last for values above all of them. */
  readonly counts: readonly number[];
  /** The sum of all values. */
  readonly sum: number;
}

/** The value of a metric under one set of attributes. */
export interface MetricPoint {
  readonly attributes: MetricAttributes;
  readonly value: number | HistogramValue;
}

/** A metric with its values. */
export interface Metric extends MetricDefinition {
  readonly points: readonly MetricPoint[];
}

/** Takes one value while a source is read. */
export type Observe = (of: MetricDefinition, value: number | HistogramValue, attributes?: MetricAttributes) => void;

/** Something that has metrics, and is read when somebody asks for them. */
export interface MetricSource {
  /** The package that defines them, for example `@interlock/bot`. */
  readonly scope: string;
  readonly definitions: readonly MetricDefinition[];
  /** Reports the values as they are now. Reading must be cheap: it is synchronous. */
  observe(see: Observe): void;
}

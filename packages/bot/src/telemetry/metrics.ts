import type { Unsubscribe } from "../base/subscription.js";
import { forwardToOpenTelemetry } from "./forward-to-opentelemetry.js";
import type { Metric, MetricAttributes, MetricDefinition, MetricPoint, MetricSource } from "./metric.js";

/** The metrics of one bot, from all of its sources. */
export interface Metrics {
  /** The definitions of all metrics that it may report. */
  definitions(): MetricDefinition[];
  /** Reads the values as they are now. Metrics without a value are left out. */
  collect(): Metric[];
  /**
   * Adds a source, whose points get the attributes of the bot. A registered OpenTelemetry SDK reads it, too.
   *
   * @param source - What to read from now on.
   * @returns A function that removes it.
   */
  add(source: MetricSource): Unsubscribe;
}

/** Metrics that OpenTelemetry reads until they are stopped. */
export interface ObservedMetrics extends Metrics {
  /** Ends the reading by OpenTelemetry; {@link Metrics.collect} goes on. */
  stop(): void;
}

/** Creates metrics without a source. Every point has the attributes of `whose`. */
export function createMetrics(whose: MetricAttributes): ObservedMetrics {
  const sources = new Map<MetricSource, Unsubscribe>();
  return {
    definitions: () => [...sources.keys()].flatMap(({ definitions }) => definitions),
    collect: () => [...sources.keys()].flatMap((source) => read(source, whose)),
    add(source) {
      sources.get(source)?.();
      sources.set(source, forwardToOpenTelemetry(source, whose));
      return () => {
        sources.get(source)?.();
        sources.delete(source);
      };
    },
    stop() {
      for (const stopForwarding of sources.values()) stopForwarding();
    },
  };
}

function read(source: MetricSource, whose: MetricAttributes): Metric[] {
  const points = new Map<MetricDefinition, MetricPoint[]>(source.definitions.map((definition) => [definition, []]));
  source.observe((of, value, attributes) => {
    if (typeof value === "number" && !Number.isFinite(value)) return;
    points.get(of)?.push({ attributes: { ...whose, ...attributes }, value });
  });
  return [...points].filter(([, found]) => found.length > 0).map(([of, found]) => ({ ...of, points: found }));
}

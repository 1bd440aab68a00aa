import type { BatchObservableResult, Meter, Observable } from "@opentelemetry/api";
import { registeredOpenTelemetry } from "../base/registered-opentelemetry.js";
import type { Unsubscribe } from "../base/subscription.js";
import type { MetricAttributes, MetricDefinition, MetricSource } from "./metric.js";

/**
 * Lets a registered OpenTelemetry SDK read a source. Without an SDK nothing is ever read. Histograms are left out: the API
 * takes each of their values as it is measured.
 *
 * @returns A function that ends it.
 */
export function forwardToOpenTelemetry(source: MetricSource, whose: MetricAttributes): Unsubscribe {
  const meter = registeredOpenTelemetry()?.metrics.getMeter(source.scope);
  if (!meter) return () => {};
  const made = source.definitions.flatMap((definition) => {
    const instrument = instrumentOf(meter, definition);
    return instrument ? [[definition, instrument] as const] : [];
  });
  const instruments = new Map(made);
  const all = [...instruments.values()];
  function observe(result: BatchObservableResult): void {
    source.observe((of, value, attributes) => {
      const instrument = instruments.get(of);
      if (instrument && typeof value === "number" && Number.isFinite(value)) {
        result.observe(instrument, value, { ...whose, ...attributes });
      }
    });
  }
  meter.addBatchObservableCallback(observe, all);
  return () => meter.removeBatchObservableCallback(observe, all);
}

function instrumentOf(meter: Meter, { name, type, unit, description }: MetricDefinition): Observable | undefined {
  const options = { unit, description };
  switch (type) {
    case "counter":
      return meter.createObservableCounter(name, options);
    case "updown":
      return meter.createObservableUpDownCounter(name, options);
    case "gauge":
      return meter.createObservableGauge(name, options);
    case "histogram":
      return undefined;
  }
}

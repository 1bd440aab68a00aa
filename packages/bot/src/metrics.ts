// Metrics for Prometheus, and for packages that add some of their own.

export { botMetrics } from "./telemetry/bot-metrics.js";
export type {
  HistogramValue,
  Metric,
  MetricAttributes,
  MetricDefinition,
  MetricPoint,
  MetricSource,
  MetricType,
  Observe,
} from "./telemetry/metric.js";
export type { Metrics } from "./telemetry/metrics.js";
export { type ExpositionFormat, prometheusName, prometheusText } from "./telemetry/prometheus-text.js";
export { type MetricsServer, type MetricsServerOptions, serveMetrics } from "./telemetry/serve-metrics.js";

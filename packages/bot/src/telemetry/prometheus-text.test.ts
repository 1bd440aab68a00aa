import assert from "node:assert/strict";
import { promTool } from "../testing/prom-tool.js";
import type { Metric } from "./metric.js";
import { prometheusText } from "./prometheus-text.js";

const base = { unit: "", description: "What it is.", attributes: [] };

const metrics: readonly Metric[] = [
  {
    ...base,
    name: "a.calls",
    type: "counter",
    unit: "{call}",
    description: "Calls: one \\ two\nthree.",
    points: [
      { attributes: { "rpc.method": 'a"b\\c\nd' }, value: 2 },
      { attributes: {}, value: 0.5 },
    ],
  },
  { ...base, name: "a.left", type: "gauge", unit: "s", points: [{ attributes: { x: "1" }, value: -1.5 }] },
  {
    ...base,
    name: "a.duration",
    type: "histogram",
    unit: "s",
    points: [{ attributes: { m: "B" }, value: { bounds: [0.5, 1], counts: [1, 2, 3], sum: 7.5 } }],
  },
  { ...base, name: "a.left", type: "gauge", unit: "s", points: [{ attributes: { x: "2" }, value: 3 }] },
];

const text = String.raw`# HELP a_calls_total Calls: one \\ two\nthree.
# TYPE a_calls_total counter
a_calls_total{rpc_method="a\"b\\c\nd"} 2
a_calls_total 0.5
# HELP a_left_seconds What it is.
# TYPE a_left_seconds gauge
a_left_seconds{x="1"} -1.5
a_left_seconds{x="2"} 3
# HELP a_duration_seconds What it is.
# TYPE a_duration_seconds histogram
a_duration_seconds_bucket{m="B",le="0.5"} 1
a_duration_seconds_bucket{m="B",le="1.0"} 3
a_duration_seconds_bucket{m="B",le="+Inf"} 6
a_duration_seconds_sum{m="B"} 7.5
a_duration_seconds_count{m="B"} 6
`;

describe("the text that Prometheus reads", () => {
  it("has each family once, its names by the rules of OpenTelemetry, and escaped values", () => {
    assert.equal(prometheusText(metrics), text);
  });

  it("names in OpenMetrics a counter's family without its suffix, has units, and an end", () => {
    const open = prometheusText(metrics, "openmetrics");
    assert.match(open, /^# HELP a_calls Calls.*\n# TYPE a_calls counter\na_calls_total\{/);
    assert.match(open, /# UNIT a_left_seconds seconds\n/);
    assert.ok(open.endsWith("# EOF\n"));
  });

  it("is what Prometheus' own checker takes, except for names that our metrics do not have", function () {
    const objections = promTool(prometheusText(metrics.slice(0, 3)));
    if (objections === undefined) return this.skip(); // Install Debian's `prometheus` to run it.
    assert.equal(objections, "");
  });
});

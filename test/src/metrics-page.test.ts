import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { allMetrics, metricsTables, prometheusLabels, prometheusNames } from "./metrics-page.js";
import { root } from "./structure/source-graph.js";

const text = (path: string) => readFileSync(join(root, "docs", path), "utf8");

/** The names in queries that are neither words of the query language nor quoted. */
function usedIn(queries: readonly string[]): string[] {
  const words = queries.flatMap(
    (query) => query.replace(/"[^"]*"/g, '""').match(/\b(?:rpc|interlock|error)_\w+/g) ?? [],
  );
  return [...new Set(words)];
}

function assertKnown(queries: readonly string[]): void {
  assert.ok(queries.length > 10);
  const known = new Set([...prometheusNames(), ...prometheusLabels()]);
  const unknown = usedIn(queries).filter((word) => !known.has(word));
  assert.deepEqual(unknown, []);
}

describe("docs/metrics.md", () => {
  it("lists every metric of the code, and no other", () => {
    const [, listed = ""] = /<!-- metrics -->\n\n([\s\S]*?)\n<!-- \/metrics -->/.exec(text("metrics.md")) ?? [];
    assert.equal(listed, metricsTables(), "Copy what is expected between the two comments.");
  });

  it("has names that are unique, lower case, and of OpenTelemetry or Interlock", () => {
    const names = Object.values(allMetrics).flatMap((all) => all.map(({ name }) => name));
    assert.equal(new Set(names).size, names.length);
    for (const name of names) assert.match(name, /^(rpc\.(server|client)\.call\.duration|interlock(\.[a-z][a-z_]*)+)$/);
  });

  it("names every alert, and no other", () => {
    const rules = [...text("prometheus/alerts.yaml").matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
    const named = text("metrics.md").match(/Interlock[A-Z]\w+/g) ?? [];
    assert.deepEqual(new Set(named), new Set(rules));
  });
});

describe("the alert rules", () => {
  it("use only metrics and labels that exist", () => {
    const queries = [...text("prometheus/alerts.yaml").matchAll(/ {8}expr: (\|\n(?: {10}.*\n)+|.*\n)/g)].map(
      ([query]) => query,
    );
    assertKnown(queries);
  });

  it("are right by Prometheus' own checker, and fire in its tests", function () {
    for (const args of [
      ["check", "rules", join(root, "docs/prometheus/alerts.yaml")],
      ["test", "rules", join(root, "docs/prometheus/alerts.test.yaml")],
    ]) {
      const { error, status, stdout, stderr } = spawnSync("promtool", args, { encoding: "utf8" });
      if (error) return this.skip(); // Install Debian's `prometheus` to run it.
      assert.equal(status, 0, stdout + stderr);
    }
  });
});

describe("the dashboard for Grafana", () => {
  const { panels, templating } = JSON.parse(text("grafana/interlock.json")) as {
    panels: {
      id: number;
      type: string;
      targets?: { expr: string }[];
      gridPos: Record<"h" | "w" | "x" | "y", number>;
    }[];
    templating: { list: { query: string }[] };
  };

  it("uses only metrics and labels that exist", () => {
    const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    assertKnown([...queries, ...templating.list.map(({ query }) => query)]);
  });

  it("shows every kind of metric, in panels that do not overlap", () => {
    const used = usedIn(panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr)));
    for (const part of [
      "rpc_server",
      "rpc_client",
      "interlock_certificate",
      "interlock_trust",
      "interlock_authority",
      "interlock_swarm",
    ]) {
      assert.ok(
        used.some((name) => name.startsWith(part)),
        part,
      );
    }
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    const cells = panels.flatMap(({ gridPos: { h, w, x, y } }) => {
      assert.ok(x + w <= 24);
      return Array.from({ length: h * w }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`);
    });
    assert.equal(new Set(cells).size, cells.length);
  });
});

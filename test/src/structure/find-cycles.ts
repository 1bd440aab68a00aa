/** Finds the cycles of a graph, each as a path that ends at its start; one for each cycle that a walk meets. */
export function findCycles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const cycles: string[] = [];
  function visit(node: string, path: readonly string[]): void {
    const at = path.indexOf(node);
    if (at >= 0) cycles.push([...path.slice(at), node].join(" → "));
    if (at >= 0 || done.has(node)) return;
    for (const next of graph.get(node) ?? []) visit(next, [...path, node]);
    done.add(node);
  }
  for (const node of graph.keys()) visit(node, []);
  return cycles;
}

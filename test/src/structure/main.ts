// The shape of the code in a few numbers: node test/dist/structure/main.js [--json]
import {
  circles,
  entryFaults,
  internalFaults,
  orderFaults,
  packageFaults,
  publishedFaults,
  undeclaredFaults,
} from "./faults.js";
import { measureSizes } from "./measure-sizes.js";
import { publicNames } from "./public-names.js";
import { readWorkspace } from "./source-graph.js";
import { orders } from "./tables.js";

/** The most names that `@interlock/bot` exports to users. */
const maximumNames = 62;

const workspace = readWorkspace();
const names = publicNames("packages/bot/src/index.ts");
const undocumented = names.filter(({ documented }) => !documented).map(({ name }) => name);
const againstOrder = [
  ...packageFaults(workspace),
  ...entryFaults(workspace),
  ...internalFaults(workspace),
  ...undeclaredFaults(workspace),
  ...publishedFaults(workspace),
  ...workspace.flatMap((found) => {
    const order = orders[found.name];
    return order ? orderFaults(found, order) : [];
  }),
];
const found = circles(workspace);
const sizes = measureSizes(workspace);

if (process.argv.includes("--json")) {
  const numbers = { circles: found, againstOrder, exports: names.length, undocumented, sizes };
  process.stdout.write(`${JSON.stringify(numbers)}\n`);
} else {
  const lines = [
    `circles ${found.length}`,
    `arrows against the order ${againstOrder.length}`,
    `exports of @interlock/bot ${names.length}`,
    `exports without documentation ${undocumented.length}`,
    ...[...found, ...againstOrder, ...undocumented].map((fault) => `  ${fault}`),
    "",
    ...sizes.flatMap(({ name, files, lines, median, largest, longest }) => [
      `${name}: ${files} files, ${lines} lines, median ${median}`,
      ...largest.map(([path, size]) => `  ${String(size).padStart(4)}  ${path}`),
      ...longest.map(([path, size]) => `  ${String(size).padStart(4)}  ${path}()`),
    ]),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}
process.exitCode =
  found.length + againstOrder.length + undocumented.length + (names.length > maximumNames ? 1 : 0) && 1;

import type { EndpointView, FlowView, GrantView, RevocationView, TableName, Tables } from "../../model/fleet.js";
import { count, moment, span } from "../../model/format.js";
import { find, setText } from "../kit/dom.js";
import { type Column, createTable } from "../kit/table.js";
import type { Moment, View } from "./live.js";

const pageSize = 10;

/** The services that are served, with their addresses. */
export function createEndpoints(redraw: () => void): View {
  return createTableView("endpoints", redraw, "No bot serves anything.", endpointColumns, byKeys("service", "bot"));
}

/** What runs through gateways, the most frequent first. */
export function createFlows(redraw: () => void): View {
  const many = (a: FlowView, b: FlowView) => b.calls + b.refused - (a.calls + a.refused) || (a.key < b.key ? -1 : 1);
  return createTableView(
    "flows",
    redraw,
    "No call went through a gateway.",
    flowColumns,
    many,
    ", today and yesterday (UTC)",
  );
}

/** The revocations in force, the latest first. */
export function createRevocations(redraw: () => void): View {
  const latest = (a: RevocationView, b: RevocationView) => b.revokedAt - a.revokedAt || (a.key < b.key ? -1 : 1);
  return createTableView("revocations", redraw, "Nothing is revoked.", revocationColumns, latest);
}

/** The grants in force, by identity pattern. */
export function createGrants(redraw: () => void): View {
  const none = "No grants have been applied.";
  return createTableView("grants", redraw, none, grantColumns, byKeys("identity", "service"));
}

const endpointColumns: readonly Column<EndpointView>[] = [
  {
    label: "Service",
    cell: ({ service }) => {
      const at = service.lastIndexOf(".") + 1;
      return { text: service.slice(at), small: service.slice(0, Math.max(0, at - 1)) };
    },
  },
  { label: "Bot", cell: ({ bot, version }) => ({ text: bot, small: version }) },
  { label: "Address", cell: ({ addresses }) => ({ text: addresses || "–" }) },
  {
    label: "Running",
    wide: true,
    cell: ({ online, startedAt }, now) =>
      online
        ? { text: span(now - startedAt), title: `since ${moment(startedAt, now)}` }
        : { text: "gone without a word", tone: "warn" },
  },
];

const flowColumns: readonly Column<FlowView>[] = [
  { label: "Caller", cell: ({ caller, by }) => ({ text: caller || "a stranger", ...(by && { small: `by ${by}` }) }) },
  { label: "Gateway", cell: ({ gateway }) => ({ text: gateway }) },
  {
    label: "Service",
    cell: ({ service, servers }) => ({
      text: service.slice(service.lastIndexOf(".") + 1),
      ...(servers && { small: servers }),
      title: service,
    }),
  },
  { label: "Calls", cell: ({ calls }) => ({ text: count(calls) }) },
  {
    label: "Refused",
    cell: ({ refused }) => ({ text: count(refused), tone: refused > 0 ? "warn" : "soft" }),
  },
];

const revocationColumns: readonly Column<RevocationView>[] = [
  { label: "Subject", cell: ({ subject, kind }) => ({ text: subject, small: kind }) },
  {
    label: "Why",
    cell: ({ reason, revokedAt }, now) => ({ text: reason || "–", small: moment(revokedAt, now) }),
  },
];

const grantColumns: readonly Column<GrantView>[] = [
  { label: "Bots", cell: ({ identity }) => ({ text: identity }) },
  { label: "Service", cell: ({ service }) => ({ text: service.slice(service.lastIndexOf(".") + 1), title: service }) },
  { label: "Scopes", cell: ({ scopes }) => ({ text: scopes }) },
];

function createTableView<Name extends TableName>(
  name: Name,
  redraw: () => void,
  none: string,
  columns: readonly Column<Tables[Name]>[],
  order: (a: Tables[Name], b: Tables[Name]) => number,
  when = "",
): View {
  const summary = find(`${name}-count`);
  const show = createTable<Tables[Name]>(find(name), {
    columns,
    keyOf: ({ key }) => key,
    none,
    pageSize,
    of: name,
    redraw,
  });
  return ({ view, now }: Moment) => {
    const all = Object.values(view.tables[name] as Record<string, Tables[Name]>).sort(order);
    setText(summary, `${count(all.length)}${when}${view.leftOut[name] ? ", and more that are left out" : ""}`);
    show(all, now);
  };
}

function byKeys<Row>(...keys: readonly (keyof Row)[]): (a: Row, b: Row) => number {
  const compare = new Intl.Collator("en", { numeric: true }).compare;
  return (a, b) => {
    for (const key of keys) {
      const order = compare(String(a[key]), String(b[key]));
      if (order !== 0) return order;
    }
    return 0;
  };
}

import { type FleetView, type TableName, type Tables, tableNames } from "./fleet.js";

/** A row of any table. */
export type Row = Tables[TableName];

/** What has changed from one view to a later one. */
export interface Patch {
  readonly link?: FleetView["link"];
  readonly status?: FleetView["status"];
  readonly leftOut?: FleetView["leftOut"];
  /** New and changed rows. */
  readonly put: Partial<Record<TableName, readonly Row[]>>;
  /** Keys of rows that are gone. */
  readonly drop: Partial<Record<TableName, readonly string[]>>;
}

/** Compares two views. `undefined` when nothing has changed. */
export function diff(before: FleetView, after: FleetView): Patch | undefined {
  const put: Partial<Record<TableName, readonly Row[]>> = {};
  const drop: Partial<Record<TableName, readonly string[]>> = {};
  for (const name of tableNames) {
    const [old, now] = [before.tables[name] as Record<string, Row>, after.tables[name] as Record<string, Row>];
    const changed = Object.values(now).filter((row) => !same(old[row.key], row));
    const gone = Object.keys(old).filter((key) => !(key in now));
    if (changed.length > 0) put[name] = changed;
    if (gone.length > 0) drop[name] = gone;
  }
  const patch: Patch = {
    ...(!same(before.link, after.link) && { link: after.link }),
    ...(!same(before.status, after.status) && { status: after.status }),
    ...(!same(before.leftOut, after.leftOut) && { leftOut: after.leftOut }),
    put,
    drop,
  };
  return Object.keys(patch).length > 2 || Object.keys(put).length > 0 || Object.keys(drop).length > 0
    ? patch
    : undefined;
}

/** Changes a view by a patch. */
export function applyPatch(view: FleetView, patch: Patch): void {
  if (patch.link) view.link = patch.link;
  if (patch.status) view.status = patch.status;
  if (patch.leftOut) view.leftOut = patch.leftOut;
  for (const name of tableNames) {
    const table = view.tables[name] as Record<string, Row>;
    for (const row of patch.put[name] ?? []) table[row.key] = row;
    for (const key of patch.drop[name] ?? []) delete table[key];
  }
}

/** Whether two plain values have the same content; objects with their members in one order. */
function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

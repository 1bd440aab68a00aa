import { createList, html, setAttribute, setText } from "./dom.js";

/** The content of a cell. */
export interface Cell {
  readonly text: string;
  readonly tone?: "good" | "warn" | "bad" | "soft" | undefined;
  /** A second, smaller line. */
  readonly small?: string;
  readonly title?: string | undefined;
}

/** A column of a table; the first one has the names of the rows. */
export interface Column<Row> {
  readonly label: string;
  /** Whether it is left out on a small screen. */
  readonly wide?: boolean;
  /** Gives what the cell of a row shows at `now`, in milliseconds since the epoch. */
  cell(row: Row, now: number): Cell;
}

/** How a table looks and what it says. */
export interface TableOptions<Row> {
  readonly columns: readonly Column<Row>[];
  /** Gives what tells a row from the others. */
  readonly keyOf: (row: Row) => string;
  /** What is said when there is no row. */
  readonly none: string;
  /** How many rows are on one page. */
  readonly pageSize: number;
  /** The name of the rows, for the buttons: `bots`. */
  readonly of: string;
  /** Draws again, because another page was chosen. */
  readonly redraw: () => void;
}

/** Shows rows, one page at a time. A row and its cells stay while its key does, so an update changes text only. */
export type ShowTable<Row> = (rows: readonly Row[], now: number) => void;

/** Puts an empty table into `parent`. */
export function createTable<Row>(parent: Element, options: TableOptions<Row>): ShowTable<Row> {
  const { columns, pageSize, of } = options;
  let page = 0;
  let time = 0;
  const turn = (by: number) => () => {
    page += by;
    options.redraw();
  };
  const heads = columns.map(({ label, wide }) => html("th", { scope: "col", ...(wide && { class: "wide" }) }, label));
  const body = html("tbody");
  const table = html("table", { class: "list" }, html("thead", {}, html("tr", {}, ...heads)), body);
  const none = html("p", { class: "none" }, options.none);
  const where = html("span");
  const before = html("button", { class: "button", type: "button", "aria-label": `Previous ${of}` }, "Previous");
  const after = html("button", { class: "button", type: "button", "aria-label": `Next ${of}` }, "Next");
  before.addEventListener("click", turn(-1));
  after.addEventListener("click", turn(1));
  const pager = html("div", { class: "pager" }, where, before, after);
  parent.append(table, none, pager);

  const show = createList<Row>(body, options.keyOf, () => {
    const cells = columns.map(({ wide }, i) => createCell(i === 0, wide === true));
    return {
      node: html("tr", {}, ...cells.map(({ node }) => node)),
      update(row) {
        for (const [i, column] of columns.entries()) cells[i]?.update(column.cell(row, time));
      },
    };
  });

  return (rows, now) => {
    time = now;
    const pages = Math.max(1, Math.ceil(rows.length / pageSize));
    page = Math.min(Math.max(0, page), pages - 1);
    const from = page * pageSize;
    show(rows.slice(from, from + pageSize));
    table.hidden = rows.length === 0;
    none.hidden = rows.length > 0;
    pager.hidden = pages === 1;
    setText(where, `${from + 1} to ${Math.min(from + pageSize, rows.length)} of ${rows.length}`);
    before.disabled = page === 0;
    after.disabled = page === pages - 1;
  };
}

function createCell(heads: boolean, wide: boolean) {
  const text = html("span");
  const small = html("small");
  const attributes = wide ? { class: "wide" } : {};
  const node = heads ? html("th", { scope: "row", ...attributes }, text, small) : html("td", attributes, text, small);
  return {
    node,
    update({ text: said, tone, small: more = "", title }: Cell) {
      setText(text, said);
      setAttribute(text, "data-tone", tone);
      setText(small, more);
      small.hidden = more === "";
      setAttribute(node, "title", title);
    },
  };
}

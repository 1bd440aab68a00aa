export { type Chip, createChips } from "./chips.js";
export { createList, find, html, type Part, setAttribute, setText, svg } from "./dom.js";
export { type Contact, followEvents, type Hear } from "./follow-events.js";
export { type Cell, type Column, createTable, type ShowTable, type TableOptions } from "./table.js";
export { applyTheme, createThemeSwitch } from "./theme.js";

type Attributes = Readonly<Record<string, string>>;

/** Creates an HTML element. Text stays text: nothing from a bot becomes markup. */
export function html<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Creates an SVG element. */
export function svg<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string | number>> = {},
  ...children: readonly (Node | string)[]
): SVGElementTagNameMap[Tag] {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, `${value}`);
  element.append(...children);
  return element;
}

/** Finds the element of the page with this id. */
export function find<E extends Element = HTMLElement>(id: string): E {
  const element = document.getElementById(id);
  if (!element) throw new Error(`The page has no #${id}.`);
  return element as unknown as E;
}

/** Sets the text if it differs: unchanged text is neither laid out nor read out again. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Sets an attribute if it differs; `undefined` removes it. */
export function setAttribute(element: Element, name: string, value: string | undefined): void {
  if (value === undefined) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** One item of a list. */
export interface Part<T> {
  readonly node: Element;
  /** Shows the item as it is now. */
  update(item: T): void;
}

/** Keeps the children of `parent` in sync with a list: one for each key, in the list's order. A child stays while its key does. */
export function createList<T>(
  parent: Element,
  keyOf: (item: T) => string,
  make: (item: T) => Part<T>,
): (items: readonly T[]) => void {
  let parts = new Map<string, Part<T>>();
  return (items) => {
    const before = parts;
    parts = new Map();
    let place = parent.firstElementChild;
    for (const item of items) {
      const key = keyOf(item);
      if (parts.has(key)) continue;
      const part = before.get(key) ?? make(item);
      part.update(item);
      parts.set(key, part);
      if (part.node === place) place = place.nextElementSibling;
      else parent.insertBefore(part.node, place);
    }
    for (const [key, { node }] of before) if (!parts.has(key)) node.remove();
  };
}

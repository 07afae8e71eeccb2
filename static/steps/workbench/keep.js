/** Lists that are brought up to date: what stays is not touched, so focus, selection and what is open stay, too. */

const known = new WeakMap();

/**
 * Let *element* have one child per item, in their order.
 * @template T
 * @param {Element} element
 * @param {T[]} items
 * @param {{key: (item: T) => string, make: (item: T) => Element, update?: (child: Element, item: T) => void}} how
 *   update: also called for what was just made
 */
export function keep(element, items, { key, make, update = () => {} }) {
  const before = known.get(element) ?? new Map();
  const now = new Map(items.map((item) => [key(item), item]));
  for (const child of [...element.children]) if (!now.has(child.dataset.key)) child.remove();
  const kept = new Map();
  let place = element.firstElementChild;
  for (const [name, item] of now) {
    const child = before.get(name) ?? make(item);
    child.dataset.key = name;
    update(child, item);
    kept.set(name, child);
    if (child === place) place = place.nextElementSibling;
    else element.insertBefore(child, place);
  }
  known.set(element, kept);
}

/**
 * The page is made of elements and text nodes only: a string from anywhere is text, never markup.
 * @typedef {Node | string | null | false} Child
 * @typedef {Record<string, string | number | boolean | null | ((event: Event) => void)>} Properties
 */

const svgNamespace = 'http://www.w3.org/2000/svg'

/**
 * An HTML element. Functions become listeners of the event they are named after; true is an attribute without a value,
 * false and null leave it out.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Properties} properties
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function el(tag, properties, ...children) {
  return fill(document.createElement(tag), properties, children)
}

/**
 * An SVG element.
 * @template {keyof SVGElementTagNameMap} T
 * @param {T} tag
 * @param {Properties} properties
 * @param {...Child} children
 * @returns {SVGElementTagNameMap[T]}
 */
export function svg(tag, properties, ...children) {
  return fill(document.createElementNS(svgNamespace, tag), properties, children)
}

/**
 * @template {Element} E
 * @param {E} element
 * @param {Properties} properties
 * @param {Child[]} children
 * @returns {E}
 */
function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === false) continue
    if (typeof value === 'function') element.addEventListener(name, value)
    else element.setAttribute(name, value === true ? '' : String(value))
  }
  for (const child of children) if (child !== null && child !== false) element.append(child)
  return element
}

/**
 * The element with an id of index.html.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`index.html has no element ${id}`)
  return found
}

/**
 * Puts children into a place, but only when what they are made from has changed. Focus stays on the element with the
 * same `data-key`.
 * @param {HTMLElement} place
 * @param {unknown} madeFrom
 * @param {() => Child[]} make
 */
export function show(place, madeFrom, make) {
  const fingerprint = JSON.stringify(madeFrom)
  if (shown.get(place) === fingerprint) return
  shown.set(place, fingerprint)
  const key = place.contains(document.activeElement) ? document.activeElement?.getAttribute('data-key') : null
  place.replaceChildren(...make().filter((child) => child !== null && child !== false))
  if (typeof key !== 'string') return
  const again = [...place.querySelectorAll('[data-key]')].find((element) => element.getAttribute('data-key') === key)
  if (again instanceof HTMLElement || again instanceof SVGElement) again.focus({ preventScroll: true })
}

/** @type {WeakMap<HTMLElement, string>} */
const shown = new WeakMap()

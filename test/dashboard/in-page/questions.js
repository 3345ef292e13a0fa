/** What the browser tests ask of the page; each runs inside of it, and knows nothing of what is around it here. */

/**
 * Texts on the page whose contrast to what is behind them is below WCAG's AA, 4.5 to 1: how much it is, and what they say.
 * @returns {string[]}
 */
export function lowContrast() {
  /** @typedef {[number, number, number, number]} Colour */
  /**
   * @param {string} text
   * @returns {Colour}
   */
  const parse = (text) => {
    const [r = 0, g = 0, b = 0, a = 1] = (text.match(/[\d.]+/g) ?? []).map(Number)
    return [r, g, b, a]
  }
  /** @param {Colour} colour */
  const light = ([r, g, b]) => {
    const [x = 0, y = 0, z = 0] = [r, g, b].map((value) => {
      const part = value / 255
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * x + 0.7152 * y + 0.0722 * z
  }
  /**
   * @param {Element} element
   * @returns {Colour}
   */
  const behind = (element) => {
    for (let one = /** @type {Element | null} */ (element); one !== null; one = one.parentElement) {
      const face = one.matches('g.box') ? one.querySelector('.box-face') : null
      const colour = parse(face === null ? getComputedStyle(one).backgroundColor : getComputedStyle(face).fill)
      if (colour[3] === 1) return colour
    }
    return [255, 255, 255, 1]
  }
  const found = /** @type {Set<string>} */ (new Set())
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement
    const text = node.textContent?.trim() ?? ''
    if (element === null || text === '' || element.closest('noscript, title, script') || !element.checkVisibility())
      continue
    const style = getComputedStyle(element)
    const [a, b] = [light(parse(element instanceof SVGElement ? style.fill : style.color)), light(behind(element))]
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
    if (ratio < 4.5) found.add(`${ratio.toFixed(2)} ${text.slice(0, 40)}`)
  }
  return [...found]
}

/** How far the page can be scrolled sideways, in pixels. */
export function sideways() {
  return document.documentElement.scrollWidth - innerWidth
}

/** Id, class and pressed state of what has the focus. */
export function focused() {
  const element = document.activeElement
  return {
    id: element?.id ?? '',
    isItem: element?.classList.contains('item') === true,
    pressed: element?.getAttribute('aria-pressed') ?? null,
  }
}

/** How many controls have neither a label nor words. */
export function unnamedControls() {
  return [...document.querySelectorAll('button, a, input, [role=button]')].filter(
    (element) => (element.getAttribute('aria-label') ?? element.textContent).trim() === '',
  ).length
}

/** How many elements the page has, and how many of them move. */
export function size() {
  return { elements: document.querySelectorAll('*').length, moving: document.getAnimations().length }
}

/**
 * Types into the search field, a key at a time: milliseconds from a key to the next frame, on average.
 * @param {string[]} texts
 */
export async function typeQuickly(texts) {
  const search = document.querySelector('#search')
  if (!(search instanceof HTMLInputElement)) throw new Error('there is no search field')
  const begun = performance.now()
  for (const text of texts) {
    search.value = text
    search.dispatchEvent(new Event('input'))
    await new Promise((resolve) => requestAnimationFrame(resolve))
  }
  return (performance.now() - begun) / texts.length
}

/**
 * The list of all Ingresses: the worst first, searched and filtered in the page, and never more rows than are asked for.
 * @typedef {import('./api-types.ts').Summary} Summary
 */
import { el, show } from './dom.js'
import { ageOf, several, shapeOf, toneOf, worstFirst } from './words.js'

/** So many rows at first, and so many more each time the end is reached. */
const step = 60

let wanted = ''
let phase = ''
let rows = step

/** @typedef {{ search: HTMLInputElement, chips: HTMLElement, found: HTMLElement, items: HTMLElement, more: HTMLElement }} Parts */

/** @type {Parts | undefined} */
let parts

/**
 * @param {HTMLElement} place
 * @param {readonly Summary[]} ingresses
 * @param {string} current `namespace/name` of the one that is shown.
 */
export function showList(place, ingresses, current) {
  latest = { ingresses, current }
  parts ??= build(place)
  draw(parts)
}

/** What was last to be shown: a choice made later is made among these. */
let latest = { ingresses: /** @type {readonly Summary[]} */ ([]), current: '' }

/** @param {Parts} all */
function draw(all) {
  const { ingresses, current } = latest
  const { search, chips, found, items, more } = all
  const redraw = () => draw(all)
  search.oninput = () => {
    wanted = search.value.trim().toLowerCase()
    rows = step
    redraw()
  }
  const counts = Map.groupBy(ingresses, (one) => one.phase)
  show(chips, [phase, [...counts].map(([name, of]) => [name, of.length])], () =>
    ['', ...worstFirst.filter((name) => counts.has(/** @type {Summary['phase']} */ (name)))].map((name) =>
      chip(
        name,
        name === '' ? ingresses.length : (counts.get(/** @type {Summary['phase']} */ (name))?.length ?? 0),
        () => {
          phase = phase === name ? '' : name
          rows = step
          redraw()
        },
      ),
    ),
  )
  const matching = ingresses.filter(matches).sort(order)
  const seen = matching.slice(0, rows)
  show(found, [matching.length, ingresses.length], () => [
    matching.length === ingresses.length
      ? several(ingresses.length, 'Ingress').replace('Ingresss', 'Ingresses')
      : `${matching.length} of ${ingresses.length} match`,
  ])
  show(items, [seen, current, ingresses.length], () =>
    seen.length === 0 && ingresses.length > 0
      ? [el('li', { class: 'quiet nothing' }, 'No Ingress matches.')]
      : seen.map((one) => item(one, current)),
  )
  show(more, [matching.length > rows, rows], () =>
    matching.length > rows
      ? [
          el(
            'button',
            {
              'data-key': 'more',
              click: () => {
                rows += step
                redraw()
              },
            },
            `Show ${Math.min(step, matching.length - rows)} more`,
          ),
        ]
      : [],
  )
}

/**
 * @param {HTMLElement} place
 * @returns {Parts}
 */
function build(place) {
  const search = el('input', {
    type: 'search',
    id: 'search',
    placeholder: 'Search name, IP or cluster',
    'aria-label': 'Search Ingresses by name, IP or cluster',
    autocomplete: 'off',
    spellcheck: 'false',
    'aria-keyshortcuts': '/',
  })
  const chips = el('div', { class: 'chips', role: 'group', 'aria-label': 'Only in phase' })
  const found = el('p', { class: 'found', role: 'status' })
  const items = el('ul', { class: 'items' })
  const more = el('div', { class: 'more' })
  place.replaceChildren(el('div', { class: 'tools' }, search, chips, found), items, more)
  new IntersectionObserver((entries) => {
    const button = more.querySelector('button')
    // On a narrow page the overview comes after the list, and must be within reach.
    const wide = matchMedia('(min-width: 900px)').matches
    const reached = entries.some((entry) => entry.isIntersecting)
    if (wide && reached && button !== null && document.activeElement !== button) button.click()
  }).observe(more)
  return { search, chips, found, items, more }
}

/**
 * @param {string} name
 * @param {number} count
 * @param {() => void} pick
 * @returns {HTMLElement}
 */
function chip(name, count, pick) {
  const pressed = phase === name
  return el(
    'button',
    { class: `chip tone-${toneOf(name)}`, 'aria-pressed': String(pressed), 'data-key': `chip ${name}`, click: pick },
    name === '' ? null : shapeOf(name, 12),
    `${name === '' ? 'All' : name} `,
    el('b', {}, String(count)),
  )
}

/**
 * @param {Summary} one
 * @param {string} current
 * @returns {HTMLElement}
 */
function item(one, current) {
  const id = `${one.namespace}/${one.name}`
  return el(
    'li',
    {},
    el(
      'a',
      {
        class: `item tone-${toneOf(one.phase)}`,
        href: linkTo(one),
        'data-key': `item ${id}`,
        'aria-current': id === current ? 'page' : null,
      },
      shapeOf(one.phase, 18),
      el(
        'span',
        { class: 'item-words' },
        el('span', { class: 'item-name' }, one.name, el('span', { class: 'item-phase' }, one.phase)),
        el(
          'span',
          { class: 'item-more' },
          el('span', {}, `${one.namespace} · ${one.vip ?? 'no IP yet'} · ${several(one.clusters.length, 'cluster')}`),
          ageOf(one.updatedAt),
        ),
      ),
    ),
  )
}

/**
 * @param {{ namespace: string, name: string }} ingress
 * @returns {string}
 */
export function linkTo({ namespace, name }) {
  return `#/ingress/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`
}

/**
 * @param {Summary} one
 * @returns {boolean}
 */
function matches(one) {
  if (phase !== '' && one.phase !== phase) return false
  if (wanted === '') return true
  const text = [
    one.namespace,
    '/',
    one.name,
    ' ',
    one.vip ?? '',
    ' ',
    one.loadBalancer,
    ' ',
    one.clusters.join(' '),
  ].join('')
  return wanted.split(/\s+/).every((word) => text.toLowerCase().includes(word))
}

/**
 * @param {Summary} a
 * @param {Summary} b
 * @returns {number}
 */
function order(a, b) {
  const worse = worstFirst.indexOf(a.phase) - worstFirst.indexOf(b.phase)
  if (worse !== 0) return worse
  return `${a.namespace}/${a.name}` < `${b.namespace}/${b.name}` ? -1 : 1
}

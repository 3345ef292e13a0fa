/**
 * The resources of one Ingress as a graph: stages from left to right, each box with its state; the chosen one is told in
 * words below.
 * @typedef {import('./api-types.ts').Detail} Detail
 * @typedef {import('./graph-layout.js').Box} Box
 */
import { el, svg } from './dom.js'
import { layOutGraph } from './graph-layout.js'
import { kindInWords, resourceInWords, resourcesInWords, shortName } from './names.js'
import { ageOf, shapeOf, stateBadge, toneOf } from './words.js'

const box = { width: 150, height: 48, across: 30, down: 12, edge: 8, words: 36 }

/** @type {Set<string>} */
const opened = new Set()
let chosen = ''

/**
 * @param {Detail} detail
 * @param {() => void} again Draws the section again after a choice.
 * @returns {HTMLElement[]}
 */
export function graphOf(detail, again) {
  const boxes = layOutGraph(detail.resources, opened)
  const current =
    boxes.find((one) => one.key === chosen) ?? boxes.find((one) => one.phase === 'Failed' || one.phase === 'Retrying')
  const choose = (/** @type {Box} */ picked) => {
    if (picked.members.length > 1) opened.add(picked.kind)
    else chosen = chosen === picked.key ? '' : picked.key
    again()
  }
  return [
    el(
      'div',
      { class: 'graph', role: 'group', 'aria-label': 'Graph of resources, from what comes first to the front ends' },
      drawing(boxes, current, detail, choose),
    ),
    opened.size === 0
      ? el('span', {})
      : el(
          'button',
          {
            class: 'plain',
            'data-key': 'graph-close',
            click: () => {
              opened.clear()
              again()
            },
          },
          'Draw resources of one kind as one again',
        ),
    el(
      'div',
      { class: 'picked', 'aria-live': 'polite' },
      ...(current === undefined ? hint(boxes) : told(current, detail)),
    ),
    asTable(detail),
  ]
}

/**
 * @param {Box[]} boxes
 * @param {Box | undefined} current
 * @param {Detail} detail
 * @param {(box: Box) => void} choose
 * @returns {SVGSVGElement}
 */
function drawing(boxes, current, detail, choose) {
  const rows = Math.max(1, ...boxes.map((one) => one.row + 1))
  const stages = Math.max(1, ...boxes.map((one) => one.stage + 1))
  const width = stages * (box.width + box.across) - box.across + 2 * box.edge
  const height = rows * (box.height + box.down) - box.down + 2 * box.edge
  const counts = Map.groupBy(boxes, (one) => one.stage)
  const place = (/** @type {Box} */ one) => {
    const inStage = counts.get(one.stage)?.length ?? 1
    const free = ((rows - inStage) * (box.height + box.down)) / 2
    return {
      x: box.edge + one.stage * (box.width + box.across),
      y: box.edge + free + one.row * (box.height + box.down),
    }
  }
  const near = new Set(current === undefined ? [] : [current.key, ...current.before])
  const byKey = new Map(boxes.map((one) => [one.key, one]))
  const lines = boxes.flatMap((to) =>
    to.before.flatMap((key) => {
      const from = byKey.get(key)
      if (from === undefined) return []
      const lit = current !== undefined && (to.key === current.key || (from.key === current.key && near.has(from.key)))
      return [line(place(from), place(to), from.phase === 'Ready', lit)]
    }),
  )
  return svg(
    'svg',
    { width, height, viewBox: `0 0 ${width} ${height}`, role: 'presentation' },
    svg('g', { class: 'lines', 'aria-hidden': 'true' }, ...lines),
    ...boxes
      .toSorted((a, b) => a.stage - b.stage || a.row - b.row)
      .map((one) => drawn(one, place(one), one === current, detail, choose)),
  )
}

/**
 * @param {{ x: number, y: number }} from
 * @param {{ x: number, y: number }} to
 * @param {boolean} done
 * @param {boolean} lit
 * @returns {SVGPathElement}
 */
function line(from, to, done, lit) {
  const x1 = from.x + box.width
  const y1 = from.y + box.height / 2
  const y2 = to.y + box.height / 2
  const bend = Math.min(box.across, (to.x - x1) / 2)
  return svg('path', {
    class: `line ${done ? 'line-done' : 'line-open'} ${lit ? 'line-lit' : ''}`,
    d: `M${x1} ${y1}C${x1 + bend} ${y1} ${to.x - bend} ${y2} ${to.x} ${y2}`,
  })
}

/**
 * @param {Box} one
 * @param {{ x: number, y: number }} at
 * @param {boolean} isCurrent
 * @param {Detail} detail
 * @param {(box: Box) => void} choose
 * @returns {SVGGElement}
 */
function drawn(one, { x, y }, isCurrent, detail, choose) {
  const [first] = one.members
  const many = one.members.length > 1
  const ready = one.members.filter((member) => member.phase === 'Ready').length
  const name = many
    ? `${one.members.length}, ${ready === one.members.length ? 'all ready' : `${ready} ready`}`
    : first === undefined
      ? ''
      : shortName(first, detail)
  const label = `${kindInWords(one.kind)} ${name}: ${one.phase}${many ? ', press to see each' : ''}`
  const pick = () => choose(one)
  const shape = shapeOf(one.phase, 18)
  shape.setAttribute('x', '10')
  shape.setAttribute('y', String(box.height / 2 - 9))
  return svg(
    'g',
    {
      class: `box tone-${toneOf(one.phase)} ${isCurrent ? 'box-current' : ''}`,
      transform: `translate(${x} ${y})`,
      role: 'button',
      tabindex: 0,
      'aria-label': label,
      'aria-pressed': many ? null : String(isCurrent),
      'data-key': `box ${one.key}`,
      click: pick,
      keydown: (event) => {
        if (!(event instanceof KeyboardEvent) || (event.key !== 'Enter' && event.key !== ' ')) return
        event.preventDefault()
        pick()
      },
    },
    svg(
      'title',
      {},
      many
        ? one.members
            .map((member) => member.id)
            .slice(0, 20)
            .join('\n')
        : (first?.id ?? ''),
    ),
    many && svg('rect', { class: 'box-behind', x: 4, y: 4, width: box.width, height: box.height, rx: 10 }),
    svg('rect', { class: 'box-face', width: box.width, height: box.height, rx: 10 }),
    shape,
    // An inner svg cuts off what is too long; the whole is in the title and in the words below.
    svg(
      'svg',
      { x: box.words, width: box.width - box.words - 6, height: box.height },
      svg('text', { class: 'box-kind', y: 20 }, kindInWords(one.kind)),
      svg('text', { class: 'box-name', y: 37 }, cut(name, 24)),
    ),
  )
}

/**
 * @param {string} text
 * @param {number} most
 * @returns {string}
 */
function cut(text, most) {
  return text.length <= most ? text : `${text.slice(0, most - 8)}…${text.slice(-7)}`
}

/**
 * @param {Box[]} boxes
 * @returns {HTMLElement[]}
 */
function hint(boxes) {
  const open = boxes.flatMap((one) => one.members).filter((member) => member.phase !== 'Ready').length
  const text = boxes.length === 0 ? 'There are no resources yet.' : open === 0 ? 'Everything is as wanted. ' : ''
  return [el('p', { class: 'quiet' }, text, boxes.length > 0 && 'Choose a box to read about it.')]
}

/**
 * @param {Box} one
 * @param {Detail} detail
 * @returns {HTMLElement[]}
 */
function told(one, detail) {
  return one.members
    .slice(0, 5)
    .map((member) =>
      el(
        'div',
        {},
        el('h3', {}, resourceInWords(member.id, detail), ' ', stateBadge(member.phase)),
        el('p', {}, sentence(member.why)),
        member.waitingOn.length > 0 && el('p', {}, `Waits for ${resourcesInWords(member.waitingOn, detail)}.`),
        !member.wanted && el('p', {}, 'No longer wanted: it goes when nothing refers to it.'),
        el('p', { class: 'quiet' }, el('code', {}, member.id), ' · changed ', ageOf(member.updatedAt)),
      ),
    )
}

/**
 * @param {Detail} detail
 * @returns {HTMLElement}
 */
function asTable(detail) {
  return el(
    'details',
    { class: 'as-table' },
    el('summary', {}, `The same as a table (${detail.resources.length})`),
    el(
      'div',
      { class: 'scroll' },
      el(
        'table',
        {},
        el(
          'thead',
          {},
          el('tr', {}, ...['Resource', 'State', 'Why', 'Needs first'].map((head) => el('th', { scope: 'col' }, head))),
        ),
        el(
          'tbody',
          {},
          ...detail.resources.map((resource) =>
            el(
              'tr',
              {},
              el('th', { scope: 'row', title: resource.id }, resourceInWords(resource.id, detail)),
              el('td', {}, stateBadge(resource.phase)),
              el('td', {}, sentence(resource.why)),
              el('td', {}, resourcesInWords(resource.dependsOn, detail) || '–'),
            ),
          ),
        ),
      ),
    ),
  )
}

/**
 * @param {string} text
 * @returns {string}
 */
export function sentence(text) {
  const first = text.charAt(0).toUpperCase() + text.slice(1)
  return /[.!?…]$/.test(first) || first === '' ? first : `${first}.`
}

/** How states, times and counts are said: a word, a shape and a colour for each state, so that no one of them is needed alone. */
import { el, svg } from './dom.js'

/** @typedef {'good' | 'busy' | 'warn' | 'bad' | 'off'} Tone */

/** @type {Readonly<Record<string, { tone: Tone, shape: keyof typeof shapes }>>} */
const states = {
  Ready: { tone: 'good', shape: 'check' },
  Serving: { tone: 'good', shape: 'check' },
  True: { tone: 'good', shape: 'check' },
  Progressing: { tone: 'busy', shape: 'ring' },
  Working: { tone: 'busy', shape: 'ring' },
  Pending: { tone: 'off', shape: 'dots' },
  Waiting: { tone: 'off', shape: 'clock' },
  Unknown: { tone: 'off', shape: 'dots' },
  Retrying: { tone: 'warn', shape: 'triangle' },
  Degraded: { tone: 'warn', shape: 'triangle' },
  Unhealthy: { tone: 'bad', shape: 'triangle' },
  False: { tone: 'warn', shape: 'triangle' },
  Failed: { tone: 'bad', shape: 'octagon' },
  Unreachable: { tone: 'bad', shape: 'octagon' },
  Draining: { tone: 'off', shape: 'down' },
  Deleting: { tone: 'off', shape: 'minus' },
  Removing: { tone: 'off', shape: 'minus' },
}

const shapes = {
  check: ['M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Z', 'm5 8.2 2.1 2.1L11 6.4'],
  ring: ['M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13Z', 'M8 1.5a6.5 6.5 0 0 1 6.5 6.5'],
  clock: ['M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13Z', 'M8 4.5V8l2.3 1.5'],
  dots: ['M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13Z', 'M5 8h.01M8 8h.01M11 8h.01'],
  triangle: ['M8 1.3 15.3 14.5H.7Z', 'M8 6v4M8 12.2h.01'],
  octagon: ['M5.1 1h5.8L15 5.1v5.8L10.9 15H5.1L1 10.9V5.1Z', 'm5.5 5.5 5 5m0-5-5 5'],
  minus: ['M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Z', 'M5 8h6'],
  down: ['M1.5 1.5h13v13h-13Z', 'M8 4.5v6.5m-3-3 3 3 3-3'],
}

/** Which states are the worst, worst first. */
export const worstFirst = ['Failed', 'Degraded', 'Progressing', 'Deleting', 'Ready']

/**
 * @param {string} state
 * @returns {Tone}
 */
export function toneOf(state) {
  return states[state]?.tone ?? 'off'
}

/**
 * The shape of a state, without its word.
 * @param {string} state
 * @param {number} size
 * @returns {SVGSVGElement}
 */
export function shapeOf(state, size = 16) {
  const { tone, shape } = states[state] ?? { tone: 'off', shape: 'dots' }
  const [body = '', mark = ''] = shapes[shape]
  return svg(
    'svg',
    {
      class: `shape tone-${tone} shape-${shape}`,
      viewBox: '0 0 16 16',
      width: size,
      height: size,
      'aria-hidden': 'true',
    },
    svg('path', { class: 'shape-body', d: body }),
    svg('path', { class: 'shape-mark', d: mark }),
  )
}

/**
 * Shape and word of a state.
 * @param {string} state
 * @returns {HTMLElement}
 */
export function stateBadge(state) {
  return el('span', { class: `badge tone-${toneOf(state)}` }, shapeOf(state, 14), state)
}

/**
 * A time as an age that keeps itself true.
 * @param {string} at RFC 3339
 * @returns {HTMLElement}
 */
export function ageOf(at) {
  const moment = new Date(at)
  return el(
    'time',
    { datetime: at, title: moment.toLocaleString(), 'data-age': at },
    agoInWords(Date.now() - moment.getTime()),
  )
}

/** Brings every age on the page up to date. */
export function refreshAges() {
  for (const element of document.querySelectorAll('time[data-age]')) {
    const text = agoInWords(Date.now() - new Date(element.getAttribute('data-age') ?? '').getTime())
    if (element.textContent !== text) element.textContent = text
  }
}

const units = /** @type {const} */ ([
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
])

/**
 * `just now`, `3 min ago`, `in 12 d`.
 * @param {number} ms Since then; negative = still to come.
 * @returns {string}
 */
export function agoInWords(ms) {
  const size = Math.abs(ms)
  for (const [unit, name] of units) {
    if (size >= unit) {
      const count = `${Math.floor(size / unit)} ${name}`
      return ms < 0 ? `in ${count}` : `${count} ago`
    }
  }
  if (size < 5_000) return 'just now'
  const seconds = `${Math.floor(size / 1000)} s`
  return ms < 0 ? `in ${seconds}` : `${seconds} ago`
}

/**
 * `6 of 6 healthy`.
 * @param {{ healthy: number | null, total: number | null }} count
 * @returns {string}
 */
export function healthInWords({ healthy, total }) {
  if (healthy === null || total === null) return 'health not known'
  return `${healthy} of ${total} healthy`
}

/**
 * `1 cluster`, `3 clusters`.
 * @param {number} count
 * @param {string} word
 * @returns {string}
 */
export function several(count, word) {
  return `${count} ${word}${count === 1 ? '' : 's'}`
}

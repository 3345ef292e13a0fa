/**
 * The parts of one Ingress's page besides the graph and the traffic.
 * @typedef {import('./api-types.ts').Detail} Detail
 * @typedef {import('./api-types.ts').ClusterState} ClusterState
 * @typedef {import('./api-types.ts').Count} Count
 */
import { el, svg } from './dom.js'
import { sentence } from './graph.js'
import { resourceInWords, resourcesInWords } from './names.js'
import { ageOf, healthInWords, shapeOf, stateBadge, toneOf } from './words.js'

/**
 * Clusters with their zones: who serves, how well, and who takes over.
 * @param {Detail} detail
 * @returns {HTMLElement[]}
 */
export function clustersOf(detail) {
  if (detail.clusterStates.length === 0) return [el('p', { class: 'quiet' }, 'No cluster is selected.')]
  const { asOf, missing } = detail.health
  return [
    el('ul', { class: 'cards' }, ...detail.clusterStates.map(clusterCard)),
    asOf === null
      ? el('span', {})
      : el('p', { class: 'quiet' }, 'Some of the health is older: as of ', ageOf(asOf), '.'),
    missing === null ? el('span', {}) : el('p', { class: 'quiet' }, `Some of the health is not known: ${missing}`),
  ]
}

/**
 * @param {ClusterState} cluster
 * @returns {HTMLElement}
 */
function clusterCard(cluster) {
  const { name, state, why, healthy, total, zoneStates, requestsGoTo } = cluster
  return el(
    'li',
    { class: `card tone-${toneOf(state)}` },
    el('div', { class: 'card-head' }, el('h3', {}, name), stateBadge(state)),
    el(
      'p',
      { class: 'health' },
      healthBar(cluster),
      el('span', {}, total === null ? 'health not known yet' : healthInWords({ healthy, total })),
    ),
    el('ul', { class: 'zones' }, ...zoneStates.map(zoneChip)),
    state === 'Serving' ? null : el('p', { class: 'card-why' }, sentence(why)),
    requestsGoTo.length > 0 &&
      el(
        'p',
        { class: 'card-why' },
        el('span', { 'aria-hidden': 'true' }, '→ '),
        requestsGoTo.length === 1 ? 'Its requests go to ' : 'Its requests go to the nearest of ',
        el('b', {}, requestsGoTo.join(', ')),
      ),
  )
}

/**
 * @param {Count & { zone: string }} zone
 * @returns {HTMLElement}
 */
function zoneChip({ zone, healthy, total }) {
  const state =
    healthy === null || total === null ? 'Unknown' : healthy === total ? 'Ready' : healthy > 0 ? 'Degraded' : 'Failed'
  return el(
    'li',
    { class: `zone tone-${toneOf(state)}`, title: healthInWords({ healthy, total }) },
    shapeOf(state, 12),
    zone,
    el('b', {}, total === null ? '' : ` ${healthy ?? 0}/${total}`),
  )
}

/**
 * @param {Count} count
 * @returns {SVGSVGElement}
 */
function healthBar({ healthy, total }) {
  const share = healthy === null || total === null || total === 0 ? 0 : healthy / total
  const tone = healthy === null ? 'off' : share === 1 ? 'good' : share > 0 ? 'warn' : 'bad'
  return svg(
    'svg',
    { class: `bar tone-${tone}`, viewBox: '0 0 100 6', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    svg('rect', { class: 'bar-all', width: 100, height: 6 }),
    svg('rect', { class: 'bar-part', width: share * 100, height: 6 }),
  )
}

/**
 * What has still to be done, and what each step waits for.
 * @param {Detail} detail
 * @returns {import('./dom.js').Child[]}
 */
export function pendingOf(detail) {
  const words = { create: 'Create', change: 'Change', remove: 'Remove', plan: 'Plan' }
  return [
    el(
      'ul',
      { class: 'rows' },
      ...detail.pending.slice(0, 50).map(({ id, step, why }) => {
        const waitingOn = detail.resources.find((resource) => resource.id === id)?.waitingOn ?? []
        return el(
          'li',
          {},
          el('span', { class: `step step-${step}` }, words[step]),
          el(
            'span',
            {},
            id === null ? null : el('b', {}, resourceInWords(id, detail)),
            id === null ? '' : ': ',
            waitingOn.length === 0 ? why : `waits for ${resourcesInWords(waitingOn, detail)}`,
          ),
        )
      }),
    ),
    detail.pending.length > 50 && el('p', { class: 'quiet' }, `And ${detail.pending.length - 50} more.`),
  ]
}

/** What happened to several resources of a kind within so many milliseconds is told as one. */
const together = 10_000

/**
 * @param {Detail['history']} history
 * @returns {Detail['history']}
 */
function grouped(history) {
  /** @type {(Detail['history'][number] & { count: number })[]} */
  const groups = []
  for (const one of history) {
    const last = groups.at(-1)
    const alike =
      last !== undefined &&
      last.resource !== null &&
      last.by === one.by &&
      last.resource.split('/')[0] === one.resource?.split('/')[0] &&
      last.what.split(' ')[0] === one.what.split(' ')[0] &&
      Date.parse(last.at) - Date.parse(one.at) < together
    if (alike) last.count += 1
    else groups.push({ ...one, count: 1 })
  }
  return groups.map(({ count, ...one }) =>
    count === 1
      ? one
      : { ...one, what: `${one.what.split(' ')[0] ?? ''} ${count} × ${one.resource?.split('/')[0] ?? ''}` },
  )
}

const reasons = /** @type {Readonly<Record<string, string>>} */ ({
  spec: 'Spec',
  drift: 'Drift',
  event: 'Event',
  progress: 'State',
})

let wholeHistory = false

/**
 * @param {Detail} detail
 * @param {() => void} again
 * @returns {HTMLElement[]}
 */
export function historyOf(detail, again) {
  if (detail.history.length === 0) return [el('p', { class: 'quiet' }, 'Nothing is remembered.')]
  const told = grouped(detail.history)
  const shown = wholeHistory ? told : told.slice(0, 8)
  return [
    el(
      'ol',
      { class: 'history' },
      ...shown.map(({ at, by, what, why }) =>
        el(
          'li',
          {},
          el('span', { class: `by by-${by}` }, reasons[by] ?? by),
          el('div', {}, el('p', {}, sentence(what)), el('p', { class: 'quiet' }, sentence(why))),
          ageOf(at),
        ),
      ),
    ),
    told.length > shown.length
      ? el(
          'button',
          {
            class: 'plain',
            'data-key': 'whole-history',
            click: () => {
              wholeHistory = true
              again()
            },
          },
          `Show all ${told.length}`,
        )
      : el('span', {}),
  ]
}

/**
 * @param {Detail} detail
 * @returns {HTMLElement[]}
 */
export function conditionsOf(detail) {
  return [
    el(
      'ul',
      { class: 'rows' },
      ...detail.conditions.map(({ type, status, reason, message, lastTransitionTime }) =>
        el(
          'li',
          {},
          shapeOf(stateOf(type, status, reason)),
          el(
            'div',
            {},
            el(
              'p',
              {},
              el('b', {}, type),
              ` is ${status}`,
              el('span', { class: 'quiet' }, ` · ${reason} · `, ageOf(lastTransitionTime)),
            ),
            el('p', {}, sentence(message)),
          ),
        ),
      ),
    ),
  ]
}

/**
 * The state whose shape a condition wears.
 * @param {string} type
 * @param {string} status
 * @param {string} reason
 * @returns {string}
 */
function stateOf(type, status, reason) {
  if (type === 'Advisory') return 'Unknown'
  if (reason === 'Refused' || reason === 'Failed') return 'Failed'
  return reason === 'Progressing' ? reason : status
}

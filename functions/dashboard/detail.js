/**
 * The page of one Ingress.
 * @typedef {import('./api-types.ts').Detail} Detail
 * @typedef {import('./dom.js').Child} Child
 */
import { el, show } from './dom.js'
import { graphOf, sentence } from './graph.js'
import { clustersOf, conditionsOf, historyOf, pendingOf } from './sections.js'
import { resourceInWords } from './names.js'
import { trafficOf } from './traffic.js'
import { ageOf, several, stateBadge } from './words.js'

/**
 * @typedef {object} Section
 * @property {string} id
 * @property {string} title
 * @property {(detail: Detail) => unknown} from What it is made from; undefined = it is left out.
 * @property {(detail: Detail, again: () => void) => Child[]} make
 */

/** @type {readonly Section[]} */
const sections = [
  {
    id: 'clusters',
    title: 'Clusters',
    from: ({ clusterStates, health }) => [clusterStates, health],
    make: clustersOf,
  },
  {
    id: 'pending',
    title: 'Still to happen',
    from: ({ pending, resources, services }) =>
      pending.length === 0 ? undefined : [pending, resources.length, services.length],
    make: pendingOf,
  },
  {
    id: 'resources',
    title: 'Resources',
    from: ({ resources, services, frontEnds, vip }) => [resources, services.length, frontEnds, vip],
    make: graphOf,
  },
  {
    id: 'traffic',
    title: 'Traffic',
    from: ({ frontEnds, certificates, routes, services }) => [frontEnds, certificates, routes, services],
    make: trafficOf,
  },
  { id: 'history', title: 'History', from: ({ history }) => history, make: historyOf },
  { id: 'conditions', title: 'Conditions', from: ({ conditions }) => conditions, make: conditionsOf },
]

/** Drawn again although nothing came in: a box was chosen, more is to be seen. */
let redrawn = 0

/**
 * @param {HTMLElement} place
 * @param {Detail} detail
 */
export function showDetail(place, detail) {
  const id = `${detail.namespace}/${detail.name}`
  show(place, ['ingress', id], () => [
    el('a', { class: 'back', href: '#/' }, '‹ All Ingresses'),
    el('div', { class: 'head', id: 'head' }),
    ...sections.map((section) =>
      el(
        'section',
        { id: `section-${section.id}`, 'aria-labelledby': `title-${section.id}` },
        el('h2', { id: `title-${section.id}` }, section.title),
        el('div', { class: 'body' }),
      ),
    ),
  ])
  const { namespace, name, phase, vip, loadBalancer, generation, updatedAt, conditions, mode, clusters } = detail
  const head = /** @type {HTMLElement} */ (place.querySelector('#head'))
  show(head, [namespace, name, phase, vip, loadBalancer, generation, updatedAt, conditions, mode, clusters], () => [
    el('h1', {}, el('span', { class: 'quiet' }, `${namespace} / `), name, ' ', stateBadge(phase)),
    el('p', { class: 'lead' }, summaryOf(detail)),
    el(
      'dl',
      { class: 'facts' },
      ...fact('IP address', vip === null ? 'none yet' : el('code', {}, vip)),
      ...fact('Load balancer', el('code', {}, loadBalancer)),
      ...fact('Generation', String(generation)),
      ...fact('Last change', ageOf(updatedAt)),
      ...(mode === 'reconcile' ? [] : fact('Mode', mode)),
    ),
  ])
  for (const section of sections) showSection(place, section, detail)
}

/**
 * @param {HTMLElement} place
 * @param {Section} section
 * @param {Detail} detail
 */
function showSection(place, section, detail) {
  const whole = /** @type {HTMLElement} */ (place.querySelector(`#section-${section.id}`))
  const body = /** @type {HTMLElement} */ (whole.querySelector('.body'))
  const from = section.from(detail)
  whole.hidden = from === undefined
  if (from === undefined) return
  const again = () => {
    redrawn += 1
    drawnAgain.set(section.id, redrawn)
    showSection(place, section, detail)
  }
  const open = body.querySelector('details')?.open ?? false
  const scrolled = body.querySelector('.graph')?.scrollLeft ?? 0
  show(body, [from, drawnAgain.get(section.id) ?? 0, `${detail.namespace}/${detail.name}`], () =>
    section.make(detail, again),
  )
  const details = body.querySelector('details')
  if (details !== null) details.open = open
  const graph = body.querySelector('.graph')
  if (graph !== null) graph.scrollLeft = scrolled
}

/** @type {Map<string, number>} */
const drawnAgain = new Map()

/**
 * @param {string} name
 * @param {Child} value
 * @returns {HTMLElement[]}
 */
function fact(name, value) {
  return [el('div', {}, el('dt', {}, name), el('dd', {}, value))]
}

/**
 * The one sentence that matters now.
 * @param {Detail} detail
 * @returns {string}
 */
function summaryOf(detail) {
  const { phase, conditions, clusters, clusterStates, resources, pending } = detail
  const trouble = conditions.find((condition) => condition.status === 'False')
  switch (phase) {
    case 'Ready': {
      const serving = clusterStates.filter((cluster) => cluster.state === 'Serving').length
      const from = serving === clusters.length ? '' : `${serving} of `
      return `Serving from ${from}${several(clusters.length, 'cluster')}; everything is as published.`
    }
    case 'Progressing': {
      const ready = resources.filter((resource) => resource.phase === 'Ready').length
      const working = resources.filter((resource) => resource.phase === 'Working' || resource.phase === 'Retrying')
      const now =
        working.length === 0
          ? pending.slice(0, 1).map(({ why }) => why)
          : working.map(({ id }) => resourceInWords(id, detail))
      return `${ready} of ${several(resources.length, 'resource')} are ready. ${now.length === 0 ? '' : `Now: ${now.slice(0, 3).join(', ')}.`}`
    }
    case 'Failed': {
      const failed = resources.find((resource) => resource.phase === 'Failed')
      if (failed !== undefined && conditions[0]?.status !== 'False')
        return `${resourceInWords(failed.id, detail)} failed: ${sentence(failed.why)}`
      return trouble === undefined ? '' : sentence(trouble.message)
    }
    case 'Deleting':
      return `It was withdrawn; ${several(resources.length, 'resource')} are still to be taken down.`
    case 'Degraded':
      return trouble === undefined ? '' : sentence(trouble.message)
  }
}

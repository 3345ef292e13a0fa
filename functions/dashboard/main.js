/**
 * The dashboard: what is asked for, how often, and which page is shown.
 * @typedef {import('./api-types.ts').Summary} Summary
 * @typedef {import('./api-types.ts').Detail} Detail
 * @typedef {import('./api-types.ts').Cluster} Cluster
 */
import { startPolling } from './api.js'
import { showDetail } from './detail.js'
import { byId, el, show } from './dom.js'
import { showList } from './list.js'
import { showOverview } from './overview.js'
import { refreshAges } from './words.js'

/** How often is asked while something moves, and at rest; milliseconds. */
const pace = { moving: 1_000, rest: 6_000, listMoving: 2_000, listRest: 15_000, clusters: 30_000 }

/** @type {Summary[] | undefined} */
let ingresses
/** @type {Cluster[]} */
let clusters = []
/** @type {{ stop(): void } | undefined} */
let following
/** @type {Set<string>} */
const troubles = new Set()
/** @type {Map<string, string>} */
const phases = new Map()

const main = byId('main')

/**
 * @param {string} phase
 * @returns {boolean}
 */
function moves(phase) {
  return phase === 'Progressing' || phase === 'Deleting'
}

/**
 * The Ingress that the address names; undefined = the overview.
 * @returns {{ namespace: string, name: string } | undefined}
 */
function chosen() {
  const [, namespace, name] = /^#\/ingress\/([^/]+)\/([^/]+)$/.exec(location.hash) ?? []
  if (namespace === undefined || name === undefined) return undefined
  try {
    return { namespace: decodeURIComponent(namespace), name: decodeURIComponent(name) }
  } catch {
    return undefined
  }
}

function drawList() {
  const current = chosen()
  if (ingresses !== undefined)
    showList(byId('list'), ingresses, current === undefined ? '' : `${current.namespace}/${current.name}`)
  byId('panes').classList.toggle('one-chosen', current !== undefined)
  if (current === undefined && ingresses !== undefined) showOverview(main, ingresses, clusters)
}

/** @param {boolean} byPerson */
function follow(byPerson) {
  following?.stop()
  following = undefined
  troubles.delete('ingress')
  const current = chosen()
  drawList()
  document.title = current === undefined ? 'Multi-cluster ingress' : `${current.name} · Multi-cluster ingress`
  if (byPerson) {
    main.focus({ preventScroll: true })
    scrollTo(0, 0)
  }
  if (current === undefined) return
  const id = `${current.namespace}/${current.name}`
  show(main, ['reading', id], () => [el('p', { class: 'quiet' }, `Reading ${id}…`)])
  following = startPolling({
    path: () => `api/ingresses/${encodeURIComponent(current.namespace)}/${encodeURIComponent(current.name)}`,
    onAnswer: (/** @type {Detail | null} */ detail) => {
      if (detail === null) {
        show(main, ['none', id], () => [
          el('a', { class: 'back', href: '#/' }, '‹ All Ingresses'),
          el('h1', {}, `There is no Ingress ${id}`),
          el('p', { class: 'lead' }, 'It was withdrawn, and nothing of it is left, or it was never published.'),
        ])
        return pace.rest
      }
      showDetail(main, detail)
      tellChange(id, detail.phase)
      return moves(detail.phase) ? pace.moving : pace.rest
    },
    onTrouble: (trouble) => tellTrouble('ingress', trouble),
  })
}

/**
 * For those who do not see it change.
 * @param {string} id
 * @param {string} phase
 */
function tellChange(id, phase) {
  const before = phases.get(id)
  phases.set(id, phase)
  if (before !== undefined && before !== phase) byId('news').textContent = `${id} is now ${phase}`
}

/**
 * @param {string} what
 * @param {string | null} trouble
 */
function tellTrouble(what, trouble) {
  if (trouble === null) troubles.delete(what)
  else troubles.add(what)
  show(byId('link'), [...troubles].length > 0, () =>
    troubles.size > 0
      ? [el('span', { class: 'lost' }, 'The status cannot be read; this is what was last known.')]
      : [el('span', { class: 'live' }, 'Live')],
  )
}

startPolling({
  path: () => 'api/ingresses',
  onAnswer: (/** @type {{ ingresses: Summary[] } | null} */ answer) => {
    ingresses = answer?.ingresses ?? []
    drawList()
    return ingresses.some((one) => moves(one.phase)) ? pace.listMoving : pace.listRest
  },
  onTrouble: (trouble) => tellTrouble('list', trouble),
})
startPolling({
  path: () => 'api/clusters',
  onAnswer: (/** @type {{ clusters: Cluster[] } | null} */ answer) => {
    clusters = answer?.clusters ?? []
    drawList()
    return pace.clusters
  },
  onTrouble: () => undefined,
})
addEventListener('hashchange', () => follow(true))
addEventListener('keydown', (event) => {
  const typing = event.target instanceof HTMLInputElement
  if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault()
    document.getElementById('search')?.focus()
  }
})
setInterval(refreshAges, 5_000)
follow(false)

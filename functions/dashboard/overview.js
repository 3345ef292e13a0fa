/**
 * What is shown while no Ingress is chosen: how all of them are, and the clusters.
 * @typedef {import('./api-types.ts').Summary} Summary
 * @typedef {import('./api-types.ts').Cluster} Cluster
 */
import { el, show } from './dom.js'
import { ageOf, several, shapeOf, stateBadge, toneOf, worstFirst } from './words.js'

const publishing = 'gcloud pubsub topics publish ingress-specs --message="$(cat ingress.yaml)"'

/**
 * @param {HTMLElement} place
 * @param {readonly Summary[]} ingresses
 * @param {readonly Cluster[]} clusters
 */
export function showOverview(place, ingresses, clusters) {
  const counts = worstFirst.map((phase) => ({ phase, count: ingresses.filter((one) => one.phase === phase).length }))
  show(place, ['overview', counts, clusters], () => [
    el('h1', {}, ingresses.length === 0 ? 'Nothing is published yet' : 'Overview'),
    ...(ingresses.length === 0
      ? [
          el(
            'p',
            { class: 'lead' },
            'Publish an Ingress manifest to the topic ',
            el('code', {}, 'ingress-specs'),
            ', and one load balancer over all clusters below comes into being.',
          ),
          el('pre', { tabindex: 0 }, el('code', {}, publishing)),
        ]
      : [
          el(
            'ul',
            { class: 'tiles' },
            ...counts
              .filter(({ phase, count }) => count > 0 || phase === 'Ready')
              .map(({ phase, count }) =>
                el(
                  'li',
                  { class: `tile tone-${toneOf(phase)}` },
                  shapeOf(phase, 22),
                  el('b', {}, String(count)),
                  phase,
                ),
              ),
          ),
        ]),
    el('h2', {}, 'Clusters'),
    clusters.length === 0
      ? el('p', { class: 'quiet' }, 'No cluster is registered. Register one: mci clusters add.')
      : el('ul', { class: 'cards' }, ...clusters.map(clusterCard)),
  ])
}

/**
 * @param {Cluster} cluster
 * @returns {HTMLElement}
 */
function clusterCard({ name, version, zones, project, unreachable, leaving, labels }) {
  const state = leaving ? 'Removing' : unreachable !== null ? 'Unreachable' : version === null ? 'Waiting' : 'Ready'
  const nodes = zones.reduce((sum, zone) => sum + zone.nodes, 0)
  return el(
    'li',
    { class: `card tone-${toneOf(state)}` },
    el('div', { class: 'card-head' }, el('h3', {}, name), stateBadge(state)),
    el(
      'p',
      { class: 'quiet' },
      version === null ? 'not seen yet' : `${several(nodes, 'node')} · ${version} · ${project}`,
    ),
    el(
      'ul',
      { class: 'zones' },
      ...zones.map(({ zone, nodes: count }) => el('li', { class: 'zone' }, zone, el('b', {}, ` ${count}`))),
      ...Object.entries(labels).map(([key, value]) => el('li', { class: 'zone label' }, `${key}=${value}`)),
    ),
    unreachable !== null && el('p', { class: 'card-why' }, unreachable.why, ' · since ', ageOf(unreachable.since)),
  )
}

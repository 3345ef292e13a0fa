/**
 * How requests come in and where they lead: a part of one Ingress's page.
 * @typedef {import('./api-types.ts').Detail} Detail
 */
import { el } from './dom.js'
import { sentence } from './graph.js'
import { resourceInWords } from './names.js'
import { agoInWords, healthInWords, shapeOf, stateBadge } from './words.js'

/** A certificate that ends sooner is worth a warning; milliseconds. */
const soon = 21 * 86_400_000

/**
 * Front ends, certificates and where paths lead.
 * @param {Detail} detail
 * @returns {HTMLElement[]}
 */
export function trafficOf(detail) {
  /** @type {HTMLElement[]} */
  const parts = [
    el(
      'ul',
      { class: 'rows' },
      ...detail.frontEnds.map((front) =>
        el(
          'li',
          {},
          shapeOf(front.phase),
          el('code', {}, `${front.protocol}://${hostOf(front.ip)}${front.port === null ? '' : `:${front.port}`}`),
          front.phase === 'Ready' ? null : stateBadge(front.phase),
        ),
      ),
      ...detail.certificates.map((certificate) => {
        const left = certificate.expires === null ? null : new Date(certificate.expires).getTime() - Date.now()
        const state =
          certificate.phase !== 'Ready' ? certificate.phase : left !== null && left < soon ? 'Degraded' : 'Ready'
        return el(
          'li',
          {},
          shapeOf(state),
          el(
            'span',
            {},
            'Certificate ',
            el('b', {}, certificate.hosts.join(', ') || resourceInWords(certificate.id, detail)),
          ),
          el(
            'span',
            { class: 'quiet' },
            left === null
              ? (certificate.status ?? sentence(certificate.why))
              : left < 0
                ? `ended ${agoInWords(-left)}`
                : `ends ${agoInWords(-left)}, ${new Date(certificate.expires ?? '').toLocaleDateString()}`,
          ),
        )
      }),
    ),
  ]
  if (detail.frontEnds.length === 0 && detail.certificates.length === 0)
    parts[0] = el('p', { class: 'quiet' }, 'There is no front end yet.')
  if (detail.routes.length > 0) parts.push(routeTable(detail))
  const told = detail.services.filter(({ backends }) => backends !== null)
  if (told.length > 0) parts.push(el('ul', { class: 'rows' }, ...told.slice(0, 200).map(backendsRow)))
  return parts
}

/**
 * What the backends of a service are, and why.
 * @param {Detail['services'][number]} service
 * @returns {HTMLElement}
 */
function backendsRow({ name, port, backends }) {
  return el('li', {}, el('b', {}, `${name}:${port}`), el('span', { class: 'quiet' }, sentence(backends ?? '')))
}

/**
 * @param {string | null} ip
 * @returns {string}
 */
function hostOf(ip) {
  return ip === null ? '…' : ip.includes(':') ? `[${ip}]` : ip
}

/**
 * @param {Detail} detail
 * @returns {HTMLElement}
 */
function routeTable(detail) {
  return el(
    'div',
    { class: 'scroll' },
    el(
      'table',
      {},
      el('caption', { class: 'unseen' }, 'Which service answers which requests'),
      el(
        'thead',
        {},
        el('tr', {}, ...['Host', 'Path', 'Service', 'Backends'].map((head) => el('th', { scope: 'col' }, head))),
      ),
      el(
        'tbody',
        {},
        ...detail.routes.slice(0, 200).map(({ host, path, type, service }) => {
          const found = detail.services.find(
            (one) => `${one.name}:${one.port}` === service || one.name === service.split(':')[0],
          )
          return el(
            'tr',
            {},
            el('td', {}, host === '' ? 'any host' : el('code', {}, host)),
            el(
              'td',
              {},
              type === 'default' ? 'everything else' : el('code', {}, path || '/'),
              type === 'Exact' ? el('span', { class: 'quiet' }, ' exactly') : null,
            ),
            el('td', {}, service),
            el('td', {}, found === undefined || found.total === null ? '–' : healthInWords(found)),
          )
        }),
      ),
    ),
  )
}

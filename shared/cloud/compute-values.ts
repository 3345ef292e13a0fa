/**
 * The values of the Compute API as this program keeps them, from what the client library decodes: no fields that were not
 * in the answer, and references as relative paths.
 */

/** Hosts and versions under which the API writes a reference; which version depends on the version that reads. */
const referencePrefix = /^https:\/\/(?:www|compute)\.googleapis\.com\/compute\/(?:v1|beta|alpha)\/(?=projects\/)/

/** `projects/P/...` for a full URL of the Compute API; any other text as it is. */
export function relativeReference(text: string): string {
  return text.replace(referencePrefix, '')
}

/**
 * Cleans what the library decoded. It adds, at every depth, an empty list or map for each that is absent, and beside each
 * optional field that is present a marker `_field: 'field'`. The markers go; an empty list or map goes, an empty object
 * with a marker was in the answer and stays; false, 0 and '' are values. 64-bit numbers stay text.
 */
export function tidy(value: unknown): unknown {
  if (typeof value === 'string') return relativeReference(value)
  if (Array.isArray(value)) return value.map(tidy)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value)
  const marked = new Set(members.filter(isMarker).map(([key]) => key.slice(1)))
  const kept = members.filter((member) => !isMarker(member) && isPresent(member, marked))
  return Object.fromEntries(kept.map(([key, member]) => [key, isProse(key) ? member : tidy(member)]))
}

/** A description is a person's text, or JSON, and no reference even when it looks like one. */
function isProse(key: string): boolean {
  return key === 'description'
}

function isMarker([key, member]: [string, unknown]): boolean {
  return key.startsWith('_') && member === key.slice(1)
}

function isPresent([key, member]: [string, unknown], marked: ReadonlySet<string>): boolean {
  if (member === null || member === undefined) return false
  if (Array.isArray(member)) return member.length > 0
  return typeof member !== 'object' || Object.keys(member).length > 0 || marked.has(key)
}

/**
 * Refuses the body of a PATCH that the library would send without what it means to clear: it drops empty lists and nulls
 * without a word. A programming error, hence no CloudError: such a change is an `update`.
 */
export function refuseWhatGetsLost(body: unknown, at = ''): void {
  if (body === null)
    throw new Error(`a patch cannot clear ${at} with null: the client library does not send it; use update`)
  if (typeof body !== 'object') return
  if (Array.isArray(body) && body.length === 0) {
    throw new Error(`a patch cannot empty the list ${at}: the client library does not send it; use update`)
  }
  for (const [key, member] of Object.entries(body)) refuseWhatGetsLost(member, at === '' ? key : `${at}.${key}`)
}

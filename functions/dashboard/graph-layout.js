/**
 * Where the boxes of the resource graph go: pure, so that it can be tested without a browser.
 *
 * @typedef {import('./api-types.ts').Resource} Resource
 *
 * @typedef {object} Box
 * @property {string} key The resource's id, or `kind:<kind>` for several of a kind drawn as one.
 * @property {string} kind
 * @property {Resource[]} members
 * @property {string} phase The worst of its members'.
 * @property {number} stage Column; what must exist before is further left.
 * @property {number} row
 * @property {string[]} before Keys of the boxes that it depends on.
 */

/** More of a kind than this are drawn as one box, unless asked for. */
const mostOfAKind = 4

const severity = ['Failed', 'Retrying', 'Working', 'Pending', 'Waiting', 'Ready']

/**
 * @param {readonly Resource[]} resources
 * @param {ReadonlySet<string>} opened Kinds whose members are to be seen one by one.
 * @returns {Box[]}
 */
export function layOutGraph(resources, opened) {
  const boxes = boxesOf(resources, opened)
  const byMember = new Map(boxes.flatMap((box) => box.members.map((member) => [member.id, box])))
  for (const box of boxes) {
    const before = box.members.flatMap((member) => member.dependsOn.map((id) => byMember.get(id)?.key))
    box.before = [...new Set(before)].filter((key) => key !== undefined && key !== box.key).map(String)
  }
  const byKey = new Map(boxes.map((box) => [box.key, box]))
  for (const box of boxes) box.stage = stageOf(box, byKey, new Set())
  alignLeaves(boxes)
  placeRows(boxes, byKey)
  return boxes
}

/**
 * @param {readonly Resource[]} resources
 * @param {ReadonlySet<string>} opened
 * @returns {Box[]}
 */
function boxesOf(resources, opened) {
  const kinds = Map.groupBy(resources, (resource) => resource.kind)
  return [...kinds].flatMap(([kind, members]) =>
    members.length > mostOfAKind && !opened.has(kind)
      ? [boxOf(`kind:${kind}`, kind, members)]
      : members.map((member) => boxOf(member.id, kind, [member])),
  )
}

/**
 * @param {string} key
 * @param {string} kind
 * @param {Resource[]} members
 * @returns {Box}
 */
function boxOf(key, kind, members) {
  const phase = severity.find((candidate) => members.some((member) => member.phase === candidate)) ?? 'Ready'
  return { key, kind, members, phase, stage: 0, row: 0, before: [] }
}

/**
 * The longest way from something that depends on nothing. A ring, which the planner never makes, is cut.
 * @param {Box} box
 * @param {ReadonlyMap<string, Box>} byKey
 * @param {Set<string>} above
 * @returns {number}
 */
function stageOf(box, byKey, above) {
  if (box.stage > 0 || above.has(box.key)) return box.stage
  above.add(box.key)
  let stage = 0
  for (const key of box.before) {
    const other = byKey.get(key)
    if (other !== undefined) stage = Math.max(stage, stageOf(other, byKey, above) + 1)
  }
  above.delete(box.key)
  box.stage = stage
  return stage
}

/**
 * What nothing waits for before a late stage (an address) moves right, next to what needs it: short lines read better.
 * @param {Box[]} boxes
 */
function alignLeaves(boxes) {
  for (const box of boxes) {
    if (box.before.length > 0) continue
    const users = boxes.filter((other) => other.before.includes(box.key))
    if (users.length > 0) box.stage = Math.max(0, Math.min(...users.map((user) => user.stage)) - 1)
  }
}

/**
 * Rows by the middle of what a box depends on, so that lines cross little.
 * @param {Box[]} boxes
 * @param {ReadonlyMap<string, Box>} byKey
 */
function placeRows(boxes, byKey) {
  const stages = Math.max(0, ...boxes.map((box) => box.stage))
  for (let stage = 0; stage <= stages; stage += 1) {
    const column = boxes.filter((box) => box.stage === stage)
    const middle = new Map(
      column.map((box) => {
        const rows = box.before.flatMap((key) => byKey.get(key)?.row ?? [])
        return [box.key, rows.length === 0 ? Infinity : rows.reduce((sum, row) => sum + row, 0) / rows.length]
      }),
    )
    column.sort(
      (a, b) =>
        compare(middle.get(a.key) ?? 0, middle.get(b.key) ?? 0) || compare(a.kind, b.kind) || compare(a.key, b.key),
    )
    column.forEach((box, row) => (box.row = row))
  }
}

/**
 * @template {string | number} T
 * @param {T} a
 * @param {T} b
 * @returns {number}
 */
function compare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0
}

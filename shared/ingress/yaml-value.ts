import { isAlias, isMap, isPair, isScalar, isSeq, type Node, type Pair } from 'yaml'
import { quote, type Report } from './report.ts'

/** What a document may come to, aliases expanded. */
export interface ValueLimits {
  depth: number
  nodes: number
  characters: number
}

/** A value and what it weighs, so that an alias can be charged for what it repeats. */
interface Weighed {
  value: unknown
  nodes: number
  characters: number
  /** Levels of mappings and lists in it. */
  height: number
}

const nothing: Weighed = { value: null, nodes: 1, characters: 0, height: 0 }

/** Names that mean something to the language itself; as a field of a manifest they can only be an attack. */
const reservedKeys: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

const controlCharacter = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffe\uffff]/

/**
 * Turns parsed YAML into plain JSON values. The library's own conversion would expand aliases first and count later, and
 * would take repeated keys; here every alias is charged against the limits before it is used, and repeated keys, keys that are
 * no text, merge keys, aliases into themselves, control characters and names reserved by JavaScript are reported. `whole` is
 * false when parts had to be left out, so that what is missing says nothing about what was written.
 */
export function plainValue(
  root: unknown,
  where: string,
  report: Report,
  limits: ValueLimits,
): { value: unknown; whole: boolean } {
  const path: string[] = []
  const anchors = new Map<string, Weighed | 'open'>()
  let nodes = 0
  let characters = 0
  let exhausted = false
  let whole = true

  /** For what leaves a hole in the value. */
  const lose = (message: string): void => {
    whole = false
    problem(message)
  }

  const problem = (message: string): void => report.problem(where + path.join('').replace(/^\./, ''), message)

  /** False, once and for all, when the limits are spent. */
  const charge = (moreNodes: number, moreCharacters: number): boolean => {
    nodes += moreNodes
    characters += moreCharacters
    if (!exhausted && (nodes > limits.nodes || characters > limits.characters)) {
      exhausted = true
      lose(
        `The document is larger than ${limits.nodes} values or ${limits.characters} characters once its aliases are expanded.`,
      )
    }
    return !exhausted
  }

  const checkText = (text: string): void => {
    if (controlCharacter.test(text) || !text.isWellFormed())
      problem(`The text ${quote(text)} holds a control character or half a character; leave it out.`)
  }

  const read = (node: unknown, depth: number): Weighed => {
    if (exhausted || node === null || node === undefined) return nothing
    if (isAlias(node)) return readAlias(node.source, depth)
    const anchor = (isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined) ?? null
    if (anchor !== null) anchors.set(anchor, 'open')
    const weighed = readContent(node as Node, depth)
    if (anchor !== null) anchors.set(anchor, weighed)
    return weighed
  }

  const readAlias = (name: string, depth: number): Weighed => {
    const meant = anchors.get(name)
    if (meant === undefined || meant === 'open') {
      lose(
        `The alias *${name.slice(0, 40)} ${meant === 'open' ? 'lies inside what it refers to' : 'refers to nothing above it'}.`,
      )
      return nothing
    }
    if (depth + meant.height > limits.depth) return tooDeep()
    return charge(meant.nodes, meant.characters) ? meant : nothing
  }

  const tooDeep = (): Weighed => {
    lose(`The document nests mappings and lists deeper than ${limits.depth} levels.`)
    return nothing
  }

  const readContent = (node: Node, depth: number): Weighed => {
    if (isScalar(node)) {
      const { value } = node
      const length = typeof value === 'string' ? value.length : 1
      if (!charge(1, length)) return nothing
      if (typeof value === 'string') checkText(value)
      // YAML 1.1 reads 010 as eight, 1.2 as ten: nobody's port shall depend on that.
      if (typeof value === 'number' && /^[-+]?0\d/.test(node.source ?? ''))
        problem(
          `Readers of YAML disagree on the number ${quote(node.source ?? '')}; write it without a leading zero, or in quotes.`,
        )
      return { value, nodes: 1, characters: length, height: 0 }
    }
    if (!isMap(node) && !isSeq(node)) return nothing
    if (depth >= limits.depth) return tooDeep()
    if (!charge(1, 0)) return nothing
    const before = { nodes: nodes - 1, characters }
    const { value, height } = isSeq(node) ? readList(node.items, depth) : readMapping(node.items, depth)
    return { value, nodes: nodes - before.nodes, characters: characters - before.characters, height: height + 1 }
  }

  const readList = (items: readonly unknown[], depth: number): { value: unknown[]; height: number } => {
    const value: unknown[] = []
    let height = 0
    for (const [index, item] of items.entries()) {
      path.push(`[${index}]`)
      if (isPair(item)) lose('This member of a list has no clear form; put it in braces.')
      const member = read(isPair(item) ? null : item, depth + 1)
      height = Math.max(height, member.height)
      value.push(member.value)
      path.pop()
      if (exhausted) break
    }
    return { value, height }
  }

  const readMapping = (items: readonly Pair[], depth: number): { value: Record<string, unknown>; height: number } => {
    const value: Record<string, unknown> = {}
    let height = 0
    for (const { key, value: content } of items) {
      const name = readKey(key)
      if (name === null) continue
      path.push(pathPart(name))
      if (Object.hasOwn(value, name)) problem(`The field ${quote(name)} is given twice; keep one.`)
      const member = read(content, depth + 1)
      height = Math.max(height, member.height)
      value[name] = member.value
      path.pop()
      if (exhausted) break
    }
    return { value, height }
  }

  const readKey = (key: unknown): string | null => {
    const name: unknown = isScalar(key) ? key.value : undefined
    if (typeof name !== 'string') {
      const shown = isScalar(key) ? ` ${quote(String(key.value))}` : ''
      lose(`The key${shown} is not text; put it in quotes.`)
      return null
    }
    if (!charge(1, name.length)) return null
    checkText(name)
    if (isScalar(key) && key.anchor !== undefined)
      anchors.set(key.anchor, { value: name, nodes: 1, characters: name.length, height: 0 })
    if (name === '<<') {
      lose('Merge keys (<<) are not taken; write the fields out.')
      return null
    }
    if (reservedKeys.has(name)) {
      problem(`The key ${quote(name)} is not taken as a field.`)
      return null
    }
    return name
  }

  const { value } = read(root, 0)
  return { value, whole }
}

function pathPart(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]{0,60}$/.test(name) ? `.${name}` : `[${quote(name)}]`
}

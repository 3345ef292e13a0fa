import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { parseManifest } from '../../../shared/ingress/manifest.ts'
import { hostileTexts } from './hostile.ts'

const reasons: Readonly<Record<string, RegExp>> = {
  'billion laughs': /once its aliases are expanded/,
  'an alias inside its own anchor': /lies inside what it refers to/,
  'an alias of nothing': /refers to nothing above it/,
  'deep lists': /deeper than 50 levels/,
  'deep lists, closed': /deeper than 50 levels/,
  'fifty-one levels': /deeper than 50 levels/,
  'deep through an alias': /deeper than 50 levels/,
  'many documents': /more than 100 documents/,
  'many labels': /at most 200 are taken/,
  'many annotations': /at most 500 are taken/,
  'many rules': /at most 1000 are taken/,
  commas: /words and signs/,
  'too large': /larger than 256 KiB/,
  'too large in bytes, not in characters': /larger than 256 KiB/,
  'a directive': /YAML directive at line 1/,
  'a merge key': /Merge keys/,
  'a repeated key': /is given twice/,
  'a key that is a number': /The key "1" is not text/,
  'a key that is a list': /The key is not text/,
  'prototype pollution': /"__proto__" is not taken/,
  'prototype pollution by JSON': /"__proto__" is not taken/,
  NUL: /a\\u0000b.*control character/,
  'a control character in an annotation': /control character/,
  'half a character': /half a character/,
  'a tag of code': /Unresolved tag/,
}

describe('hostile texts', () => {
  it.each(Object.keys(hostileTexts))('%s is refused with sentences of bounded length', (name) => {
    const parsed = parseManifest(hostileTexts[name] ?? '')
    if (parsed.ok) throw new Error('it was taken')
    expect(parsed.problems.length).toBeGreaterThan(0)
    expect(parsed.problems.length).toBeLessThanOrEqual(101)
    for (const { where, message } of parsed.problems) {
      expect(where.length).toBeLessThan(400)
      expect(message.length).toBeLessThan(600)
      // What a terminal or a page could take for more than text never comes back.
      expect(`${where}${message}`).not.toMatch(/[\u0000-\u001f\u007f]/)
    }
    const reason = reasons[name]
    if (reason) expect(parsed.problems.map(({ message }) => message).join('\n')).toMatch(reason)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  it('has a text for every reason', () => {
    expect(Object.keys(reasons).filter((name) => !(name in hostileTexts))).toEqual([])
  })

  it('takes fifty levels where Kubernetes takes anything', () => {
    const text = `{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a}, spec: {defaultBackend: {service: {name: a, port: {number: 1}}}}, status: ${'{a: '.repeat(49)}1${'}'.repeat(49)}}`
    expect(parseManifest(text).ok).toBe(true)
    expect(parseManifest(text.replace('status: ', 'status: {a: ').concat('}')).ok).toBe(false)
  })

  it('takes a good manifest of the largest size in the tersest block style', () => {
    const path = (p: number) =>
      `    - path: /p${p}\n      pathType: Exact\n      backend:\n       service:\n        name: a\n        port:\n         number: 80\n`
    const rule = (h: number) => ` - host: h${h}.io\n   http:\n    paths:\n${[0, 1, 2, 3, 4].map(path).join('')}`
    let text = 'apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: w}\nspec:\n rules:\n'
    for (let h = 0; text.length + rule(h).length <= 256 * 1024; h += 1) text += rule(h)
    expect(text.length).toBeGreaterThan(255 * 1024)
    const parsed = parseManifest(text)
    expect(parsed.ok && parsed.ingresses[0]?.model.rules.length).toBe((text.match(/host:/g) ?? []).length)
  })

  // One process with a small heap for all of them, since memory and time are measured for a process. The processor time of
  // the slowest text is measured, not the clock: other work on the machine does not count.
  it('stays within a second and 256 MB', () => {
    const script = `
      import { hostileTexts } from './hostile.ts'
      import { parseManifest } from '../../../shared/ingress/manifest.ts'
      parseManifest('a: b')
      const slowest = { name: '', ms: 0 }
      for (const [name, text] of Object.entries(hostileTexts)) {
        const before = process.cpuUsage()
        parseManifest(text)
        const { user, system } = process.cpuUsage(before)
        const ms = (user + system) / 1000
        if (ms > slowest.ms) Object.assign(slowest, { name, ms })
      }
      console.log(JSON.stringify({ ...slowest, peakMb: process.resourceUsage().maxRSS / 1024 }))`
    const out = execFileSync(
      process.execPath,
      ['--max-old-space-size=96', '--max-semi-space-size=4', '--input-type=module', '--eval', script],
      { cwd: import.meta.dirname, encoding: 'utf8', timeout: 60_000 },
    )
    const slowest = JSON.parse(out) as { name: string; ms: number; peakMb: number }
    expect(slowest.peakMb, JSON.stringify(slowest)).toBeLessThan(256)
    expect(slowest.ms, JSON.stringify(slowest)).toBeLessThan(1000)
  }, 60_000)
})

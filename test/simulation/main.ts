import { runSeed } from './run.ts'
const from = Number(process.argv[3] ?? 1),
  n = Number(process.argv[2] ?? 1)
const traced = process.argv.includes('--trace')
let t0 = performance.now()
const faults: Record<string, number> = {},
  acts: Record<string, number> = {}
let bad = 0
for (let seed = from; seed < from + n; seed++) {
  const t = performance.now()
  const o = await runSeed(seed, { traced })
  if (traced) console.log(o.trace.join('\n'))
  for (const [k, v] of Object.entries(o.faults)) faults[k] = (faults[k] ?? 0) + (v ?? 0)
  for (const [k, v] of Object.entries(o.actions)) acts[k] = (acts[k] ?? 0) + v
  if (o.violations.length || n < 10)
    console.log(
      seed,
      o.violations.length ? 'BAD' : 'ok',
      (performance.now() - t).toFixed(0) + 'ms',
      'calls',
      o.calls,
      'inv',
      o.invocations,
      'conv',
      o.convergedIn / 60000,
      '\n   ' +
        o.violations
          .slice(0, n < 5 ? 9 : 2)
          .map((v) => v.slice(0, n < 5 ? 900 : 260))
          .join('\n   '),
    )
  if (o.violations.length) bad++
}
console.log('bad', bad, 'of', n, ((performance.now() - t0) / n).toFixed(0), 'ms per seed')
if (n > 20) console.log(faults, acts)

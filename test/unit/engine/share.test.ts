import { describe, expect, it } from 'vitest'
import { shareNext } from '../../../shared/engine/share.ts'

/** Work that ends when the test says so. */
function work(): { begun: () => number; run: () => Promise<number>; end: (error?: Error) => void } {
  let begun = 0
  let release: ((error?: Error) => void) | undefined
  return {
    begun: () => begun,
    run: () => {
      const turn = (begun += 1)
      return new Promise((resolve, reject) => {
        release = (error) => {
          if (error === undefined) resolve(turn)
          else reject(error)
        }
      })
    },
    end: (error) => release?.(error),
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('turns that are shared', () => {
  it('those who come while one is under way share the one after it', async () => {
    const owner = {}
    const { begun, run, end } = work()
    const first = shareNext(owner, 'a', run)
    const others = [shareNext(owner, 'a', run), shareNext(owner, 'a', run), shareNext(owner, 'a', run)]
    expect(begun(), 'the others must not be answered by a look that began before they came').toBe(1)
    end()
    expect(await first).toBe(1)
    await settled()
    expect(begun()).toBe(2)
    const late = shareNext(owner, 'a', run)
    end()
    expect(await Promise.all(others)).toEqual([2, 2, 2])
    await settled()
    end()
    expect(await late, 'who came during the second turn waits for a third').toBe(3)
  })

  it('an error ends its own turn only', async () => {
    const owner = {}
    const { run, end } = work()
    const first = shareNext(owner, 'a', run)
    const second = shareNext(owner, 'a', run)
    end(new Error('no answer'))
    await expect(first).rejects.toThrow('no answer')
    await settled()
    end()
    expect(await second).toBe(2)
  })

  it('other keys and other owners do not wait', async () => {
    const owner = {}
    const { begun, run } = work()
    void shareNext(owner, 'a', run)
    void shareNext(owner, 'b', run)
    void shareNext({}, 'a', run)
    await settled()
    expect(begun()).toBe(3)
  })

  it('after the last turn the next begins at once', async () => {
    const owner = {}
    expect(await shareNext(owner, 'a', () => Promise.resolve('x'))).toBe('x')
    expect(await shareNext(owner, 'a', () => Promise.resolve('y'))).toBe('y')
  })
})

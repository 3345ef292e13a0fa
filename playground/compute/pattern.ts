/**
 * A pattern that must match a whole value, or undefined when it cannot be used. The service's RE2 takes linear time
 * whatever the pattern; JavaScript's engine does not, so patterns that repeat what already repeats are not usable here.
 */
export function wholePattern(source: string): RegExp | undefined {
  const repeatsRepeated = /[*+}][^()]*\)\s*[*+{]|\)[*+}][*+{]/.test(source) || /\([^()]*\|[^()]*\)[*+{]/.test(source)
  const notInRe2 = /\\[1-9]|\(\?[=!<]/.test(source)
  if (source.length > 1024 || repeatsRepeated || notInRe2) return undefined
  try {
    return new RegExp(`^(?:${source})$`)
  } catch {
    return undefined
  }
}

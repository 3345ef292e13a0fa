/** A deep copy of plain JSON; several times faster than structuredClone. */
export function copyOf<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((element: unknown) => copyOf(element)) as T
  const copy: Record<string, unknown> = {}
  for (const [key, member] of Object.entries(value)) copy[key] = copyOf(member)
  return copy as T
}

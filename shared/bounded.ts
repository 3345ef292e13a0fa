/**
 * A bound for texts and lists of zod: `z.string().refine(...atMost(100))`. zod's own `max` and `min` look at a member `length`
 * before they look at the type, so that `{"length": [{"toString": 1}]}` in place of a text makes it throw; a refinement is
 * tried on what has the right type only.
 */
export function atMost(
  most: number,
  error = `is longer than ${most}`,
): [(value: { length: number }) => boolean, { error: string }] {
  return [(value) => value.length <= most, { error }]
}

/**
 * A number and what is counted, in words.
 *
 * @since 0.2.0
 */

/**
 * `1 target`, `2 targets`. `many`: the word for any number but one, default `one` with an `s`.
 *
 * @category destructors
 * @since 0.2.0
 */
export const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`

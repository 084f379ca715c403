/**
 * The version of the command.
 *
 * @since 0.1.0
 */

/**
 * As in `package.json`; a test holds the two together.
 *
 * @category constructors
 * @since 0.1.0
 */
export const version = "0.1.0"

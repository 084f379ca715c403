/**
 * Whether this Node runs scanpoll: 22.19 or newer of the 22 line, or 24 and up. The 23 line reached its end with parts
 * of what is needed still behind flags, so it counts as too old.
 *
 * @param {string} version as in `process.versions.node`
 */
export const isNodeUsable = (version) => {
  const [major = 0, minor = 0] = version.split(".").map(Number)
  return major >= 24 || (major === 22 && minor >= 19)
}

/**
 * Whether texts for people may have colours.
 *
 * @since 0.1.0
 */

/**
 * Whether a stream may be written to in colours: on a terminal that knows them, or where `FORCE_COLOR` asks for them;
 * never with `NO_COLOR`.
 *
 * @category guards
 * @since 0.1.0
 */
export const mayColor = (environment: Readonly<Record<string, string | undefined>>, isTerminal: boolean): boolean => {
  if ((environment["NO_COLOR"] ?? "") !== "" || environment["TERM"] === "dumb") return false
  const forced = environment["FORCE_COLOR"] ?? ""
  return isTerminal || (forced !== "" && forced !== "0" && forced !== "false")
}

/**
 * Which modules of vendors are wanted: those of `--vendor`, or without that flag those of `SCANPOLL_VENDOR`. Never what a
 * plan says: a plan may come from somebody else, and these modules are run.
 *
 * @since 0.2.0
 */
import { settings, variable } from "../config/Setting.ts"

/**
 * A module, as it was named, and where.
 *
 * @category models
 * @since 0.2.0
 */
export interface Wanted {
  readonly name: string
  readonly where: string
}

/**
 * The wanted modules, each once.
 *
 * @category constructors
 * @since 0.2.0
 */
export const of = (
  flags: ReadonlyArray<string>,
  environment: Readonly<Record<string, string | undefined>>
): ReadonlyArray<Wanted> => {
  const own = variable(settings.vendor)
  const [names, where] = flags.length > 0 ? [flags, "--vendor"] : [(environment[own] ?? "").split(","), own]
  const trimmed = names.map((name) => name.trim()).filter((name) => name !== "")
  return Array.from(new Set(trimmed), (name) => ({ name, where }))
}

/**
 * How a vendor that is not known is made known.
 *
 * @category destructors
 * @since 0.2.0
 */
export const howToBring = (name: string): string =>
  `a vendor of your own is known by --vendor, such as --vendor ./${/^[\w-]{1,32}$/.test(name) ? name : "NAME"}.ts`

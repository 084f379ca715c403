// Documented addresses, and the parts of a scan's id in them: `{id}`, or what stands in the documented one where a vendor
// asks by several things, such as `TARGET/SCAN` or a host.

/** The id of the samples' scan, cut where vendors join what they ask by. `between`: what joins the parts again. */
export interface SampleId {
  readonly parts: ReadonlyArray<string>
  readonly between: ReadonlyArray<string>
}

/** An address says `{id}` for the whole id; without such an address the id is cut into what the addresses hold of it. */
export const sampleIdOf = (id: string, isWhole: boolean): SampleId =>
  isWhole ? { parts: [id], between: [] } : { parts: id.split(/[/~]/), between: id.match(/[/~]/g) ?? [] }

/** The id of these parts. */
export const joined = ({ between }: SampleId, parts: ReadonlyArray<string>): string =>
  parts.map((part, at) => `${part}${between[at] ?? ""}`).join("")

export interface Address {
  readonly isAt: (path: string, query: URLSearchParams) => boolean
  /** The whole id, where the documented address has `{id}`. */
  readonly idIn: (path: string, query: URLSearchParams) => string | null
  /** The parts of the id in an address, undefined for those that it does not hold; null where the address is another. */
  readonly partsIn: (path: string, query: URLSearchParams) => ReadonlyArray<string | undefined> | null
  /** Whether the address tells scans apart. */
  readonly tells: boolean
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** A documented address. `switches`: parameters without which it is another one. */
export const addressed = (
  documented: string,
  { parts }: SampleId,
  switches: ReadonlyArray<readonly [name: string, value: string]> = []
): Address => {
  const [pathname = "", search = ""] = documented.split("?", 2)
  const query = new URLSearchParams(search)
  const parameter = [...query].find(([, value]) => value === "{id}")?.[0]
  const hasId = documented.includes("{id}")
  /** In the order of the captures, which part each is; -1 for `{id}`. */
  const captured: Array<number> = []
  const form = pathname
    .split("/")
    .map((segment) => {
      if (segment.includes("{id}")) {
        captured.push(-1)
        return escaped(segment).replace("\\{id\\}", "([^/]+)")
      }
      const part = hasId ? -1 : parts.findIndex((one, at) => one === decoded(segment) && !captured.includes(at))
      if (part < 0) return escaped(segment)
      captured.push(part)
      return "([^/]+)"
    })
    .join("/")
  const inQuery = hasId
    ? []
    : parts.flatMap((part, at) => {
        const name = captured.includes(at) ? undefined : [...query].find(([, value]) => value === part)?.[0]
        return name === undefined ? [] : [[at, name] as const]
      })
  const whole = new RegExp(`^${form}$`)
  const isAt = (path: string, asked: URLSearchParams): boolean =>
    whole.test(path) && switches.every(([name, value]) => asked.get(name) === value)
  const inPath = (path: string, part: number): string | null => {
    const found = whole.exec(path)
    return found === null ? null : decoded(found[captured.indexOf(part) + 1] ?? "")
  }
  return {
    isAt,
    idIn: (path, asked) => {
      if (!isAt(path, asked)) return null
      return parameter === undefined ? (captured.includes(-1) ? inPath(path, -1) : "") : asked.get(parameter)
    },
    partsIn: (path, asked) => {
      if (!isAt(path, asked)) return null
      return parts.map((_, at) => {
        if (captured.includes(at)) return inPath(path, at) ?? undefined
        const name = inQuery.find(([part]) => part === at)?.[1]
        return name === undefined ? undefined : (asked.get(name) ?? undefined)
      })
    },
    tells: hasId || captured.length + inQuery.length > 0
  }
}

/** What the query of one documented address has and that of another at the same path has not. */
export const switchesOf = (documented: string, other: string): ReadonlyArray<readonly [string, string]> => {
  const [path = "", search = ""] = documented.split("?", 2)
  const [otherPath = "", otherSearch = ""] = other.split("?", 2)
  if (path !== otherPath) return []
  const there = new URLSearchParams(otherSearch)
  return [...new URLSearchParams(search)].filter(([name]) => !there.has(name))
}

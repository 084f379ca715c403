// The report of a simulated AppVet scan: categories, checks and findings that add up to its score. Draws from the given
// source alone.
import * as Random from "./random.ts"

export const types = ["security", "performance", "accessibility", "seo"] as const

export type ScanType = (typeof types)[number]

type Category = readonly [name: string, checks: readonly [string, string, string, string, string]]

/** Five categories of five checks each: enough room for any score from 0 to 100, see `make`. */
const catalogue: Readonly<Record<ScanType, ReadonlyArray<Category>>> = {
  security: [
    ["Transport", ["HSTS", "HTTPS redirect", "TLS version", "Certificate chain", "Mixed content"]],
    ["Headers", ["CSP", "X-Content-Type-Options", "Referrer-Policy", "Permissions-Policy", "Frame options"]],
    ["Cookies", ["Secure flag", "HttpOnly flag", "SameSite", "Name prefix", "Lifetime"]],
    ["Exposure", ["Source maps", "Directory listing", "Dotfiles", "Server banner", "Debug endpoints"]],
    ["Scripts", ["Subresource integrity", "Outdated libraries", "Inline scripts", "Third-party origins", "Use of eval"]]
  ],
  performance: [
    ["Loading", ["Largest contentful paint", "First contentful paint", "Time to first byte", "Redirects", "Preloads"]],
    ["Stability", ["Layout shift", "Image dimensions", "Font swap", "Late banners", "Reserved space"]],
    ["Interactivity", ["Blocking time", "Long tasks", "Input delay", "Main-thread work", "Passive listeners"]],
    ["Weight", ["Total bytes", "Unused CSS", "Unused JavaScript", "Image formats", "Compression"]],
    ["Caching", ["Cache headers", "Immutable assets", "Service worker", "Validators", "CDN"]]
  ],
  accessibility: [
    ["Text", ["Contrast", "Text size", "Line height", "Language", "Page title"]],
    ["Images", ["Alt texts", "Decorative images", "Text in images", "SVG titles", "Captions"]],
    ["Keyboard", ["Focus order", "Visible focus", "Keyboard traps", "Skip link", "Shortcuts"]],
    ["Forms", ["Labels", "Error messages", "Autocomplete", "Required fields", "Grouping"]],
    ["Structure", ["Headings", "Landmarks", "Lists", "Tables", "ARIA roles"]]
  ],
  seo: [
    ["Content", ["Title", "Description", "Heading", "Duplicate text", "Word count"]],
    ["Indexing", ["robots.txt", "Sitemap", "Canonical", "noindex", "Status codes"]],
    ["Links", ["Broken links", "Anchor texts", "Redirect chains", "Orphans", "Depth"]],
    ["Markup", ["Structured data", "Open Graph", "hreflang", "Favicon", "Doctype"]],
    ["Mobile", ["Viewport", "Tap targets", "Font sizes", "Content width", "Interstitials"]]
  ]
}

/** What a finding costs, dearest first. A warning is always of low severity. */
const costs = [
  [20, "fail", "critical"],
  [10, "fail", "high"],
  [5, "fail", "medium"],
  [2, "fail", "low"],
  [1, "warn", "low"]
] as const

export const gradeOf = (score: number): string =>
  score >= 97 ? "A+" : score >= 90 ? "A" : score >= 80 ? "B" : score >= 70 ? "C" : score >= 60 ? "D" : "F"

export const checkNames = (type: ScanType): ReadonlyArray<string> => catalogue[type].flatMap(([, checks]) => checks)

interface Check {
  readonly name: string
  readonly status: "pass" | "fail" | "warn"
  readonly severity: string | null
  readonly message: string
  readonly fix?: string
}

/**
 * Categories whose mean is the score and whose checks explain it: a category loses as many points as its findings cost,
 * times the number of categories. A partial report lacks its last category.
 */
export const make = (
  random: Random.Random,
  draft: { readonly type: ScanType; readonly score: number; readonly partial: boolean }
) => {
  const categories = draft.partial ? catalogue[draft.type].slice(0, -1) : catalogue[draft.type]
  const most = 100 / categories.length
  let left = Math.min(100, Math.max(0, Math.round(100 - draft.score)))
  const drawn = categories.map(([name, names], i) => {
    const later = (categories.length - 1 - i) * most
    const loss = random.int(Math.max(0, left - later), Math.min(most, left))
    left -= loss
    const found: Array<(typeof costs)[number]> = []
    let rest = loss
    for (const cost of costs) {
      for (; rest >= cost[0]; rest -= cost[0]) found.push(cost)
    }
    const first = random.int(0, names.length - 1)
    const checks = names.map((check, at): Check => {
      const finding = found[(at - first + names.length) % names.length]
      return finding === undefined
        ? { name: check, status: "pass", severity: null, message: `${check}: in order.` }
        : {
            name: check,
            status: finding[1],
            severity: finding[2],
            message: `${check}: ${finding[1] === "fail" ? "not as it should be" : "could be better"}.`,
            fix: `See to it: ${check}.`
          }
    })
    return { name, score: 100 - categories.length * loss, checks }
  })
  const checks = drawn.flatMap((category) => category.checks)
  const count = (wanted: (check: Check) => boolean) => checks.filter(wanted).length
  const summary = {
    total_checks: checks.length,
    passed: count((check) => check.status === "pass"),
    failed: count((check) => check.status === "fail"),
    warnings: count((check) => check.status === "warn"),
    critical: count((check) => check.severity === "critical"),
    high: count((check) => check.severity === "high"),
    medium: count((check) => check.severity === "medium"),
    low: count((check) => check.severity === "low")
  }
  return { categories: drawn, summary }
}

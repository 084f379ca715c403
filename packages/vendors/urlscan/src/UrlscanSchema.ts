/**
 * What is sent to urlscan.io and what is read of its answers.
 *
 * @see {@link https://docs.urlscan.io/apis/urlscan-openapi}
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import * as Vendor from "@scanpoll/core/vendor/Vendor"
import * as Wire from "@scanpoll/core/vendor/Wire"

const label = Schema.String.check(Schema.isPattern(/^[\w.:-]{1,64}$/))

/**
 * A visit of one page.
 *
 * - `url`: http or https, without a user name or password. Its fragment reaches the browser.
 * - `visibility`: who sees the result. `public`: everybody, at once, on urlscan.io. `unlisted`: anyone who has its id, and
 *   vetted researchers. `private`: your account. Default `unlisted`, whatever the account's own default is.
 * - `country`: from where the page is visited, two letters such as `de`. Default: urlscan.io chooses.
 * - `customagent`, `referer`: headers of the visit. Default: urlscan.io's own.
 * - `tags`: up to 9, shown beside the result. `scanpoll` is always added: by it a lost submission is found again.
 * - `overrideSafety`: `true` keeps urlscan.io from hiding a scan whose address looks like personal data.
 *
 * @category schemas
 * @since 0.2.0
 */
export const UrlscanRequest = Schema.Struct({
  url: Vendor.publicUrl,
  visibility: Schema.optionalKey(
    Schema.Literals(["public", "unlisted", "private"]).annotate({
      description: "Who sees the result. Default: unlisted, which is anyone who has its id."
    })
  ),
  country: Schema.optionalKey(
    Schema.String.annotate({ description: "From where the page is visited.", examples: ["de"] }).check(
      Schema.isPattern(/^[a-z]{2}$/i, { expected: "two letters, such as de" })
    )
  ),
  customagent: Schema.optionalKey(
    Schema.String.annotate({ description: "The user agent of the visit." }).check(Schema.isPattern(/^[ -~]{1,512}$/))
  ),
  referer: Schema.optionalKey(Vendor.url),
  tags: Schema.optionalKey(
    Schema.Array(label)
      .annotate({ description: "Shown beside the result; `scanpoll` is added." })
      .check(Schema.isMaxLength(9))
  ),
  overrideSafety: Schema.optionalKey(
    Schema.Literal(true).annotate({ description: "Do not hide a scan whose address looks like personal data." })
  )
})

export type UrlscanRequest = typeof UrlscanRequest.Type

const Brand = Schema.Union([Wire.words(200), Schema.Struct({ key: Wire.words(200) })])

/**
 * urlscan.io's own verdict about a visit.
 *
 * - `score`: from -100 (rated legitimate) to 100 (rated malicious); 0 where nothing speaks for either.
 * - `malicious`: left out means false. `hasVerdicts`: false or left out where nobody has an opinion.
 *
 * @category schemas
 * @since 0.2.0
 */
export const UrlscanVerdict = Schema.Struct({
  score: Schema.Finite.check(Schema.isBetween({ minimum: -100, maximum: 100 })),
  malicious: Wire.decides(Schema.optionalKey(Schema.Boolean)),
  hasVerdicts: Schema.optionalKey(Schema.Boolean),
  categories: Schema.optionalKey(Wire.sieve(Wire.words(200))),
  brands: Schema.optionalKey(Wire.sieve(Brand))
})

export type UrlscanVerdict = typeof UrlscanVerdict.Type

const score = Wire.decides(Schema.Finite.check(Schema.isBetween({ minimum: -100, maximum: 100 })))

// A verdict of somebody else beside the vendor's own.
const Opinion = Schema.Struct({ score, malicious: Wire.decides(Schema.Boolean) })

/**
 * What is kept of a visit: the verdict, the page that was reached, and how many requests of it were flagged.
 *
 * @category schemas
 * @since 0.2.0
 */
export const UrlscanPayload = Schema.Struct({
  verdict: UrlscanVerdict,
  visibility: Schema.optionalKey(Wire.words(32)),
  page: Schema.Struct({
    url: Schema.optionalKey(Wire.text(2048)),
    ip: Schema.optionalKey(Wire.text(64)),
    status: Schema.optionalKey(Wire.text(8)),
    country: Schema.optionalKey(Wire.text(8)),
    server: Schema.optionalKey(Wire.text(200)),
    title: Schema.optionalKey(Wire.text(500))
  }),
  flaggedRequests: Schema.optionalKey(Wire.count)
})

export type UrlscanPayload = typeof UrlscanPayload.Type

/**
 * What is read of a result. The parts of the overall verdict (`urlscan`, `community`, `engines`) and what Google's Safe
 * Browsing found (`gsb`) are read too: none of them may be worse than what is said of the whole, so an answer in which one of
 * them cannot be read has no verdict.
 *
 * @category schemas
 * @since 0.2.0
 */
export const UrlscanAnswer = Schema.Struct({
  task: Schema.Struct({ time: Schema.optionalKey(Wire.text()), visibility: Schema.optionalKey(Wire.words(32)) }),
  page: Schema.optionalKey(UrlscanPayload.fields.page),
  verdicts: Schema.Struct({
    overall: UrlscanVerdict,
    urlscan: Wire.decides(Opinion),
    community: Wire.decides(Opinion),
    engines: Wire.decides(
      Schema.Struct({
        score,
        malicious: Wire.decides(Schema.Union([Schema.Boolean, Schema.Array(Schema.Unknown)])),
        maliciousTotal: Wire.decides(Wire.count)
      })
    )
  }),
  stats: Wire.decides(Schema.Struct({ malicious: Wire.decides(Wire.count) })),
  meta: Wire.decides(
    Schema.Struct({
      processors: Wire.decides(
        Schema.Struct({
          gsb: Wire.decides(
            Schema.Struct({
              data: Wire.decides(Schema.Struct({ matches: Wire.decides(Schema.Array(Schema.Unknown)) }))
            })
          )
        })
      )
    })
  )
})

/**
 * A row of the search, by which a lost submission is found.
 *
 * @category schemas
 * @since 0.2.0
 */
export const UrlscanHit = Schema.Struct({
  _id: Wire.words(64),
  task: Schema.Struct({
    url: Wire.words(2083),
    time: Wire.time,
    visibility: Schema.optionalKey(Wire.words(32))
  })
})

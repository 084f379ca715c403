/**
 * The compliance API as a definition: rule scans of datasets, with their delta.
 *
 * The scan is done inside the submission, yet the answer to it holds no score, so an accepted submission is polled at
 * once. A submission answered with `failed` is the outcome; one answered with `completed` is not, because nothing is
 * known yet that a report could show. Only the status word of a poll decides; the zeros beside `pending`, `running` and
 * `failed` are never results.
 *
 * @see https://github.com/Basit-Ali0/Yggdrasil
 * @since 0.2.0
 */
import * as Duration from "effect/Duration"
import type { Subject } from "@scanpoll/core/model/Subject"
import * as WireFields from "@scanpoll/core/unstable/http/WireFields"
import * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import * as Vendor from "@scanpoll/core/vendor/Vendor"
import * as Wire from "@scanpoll/core/vendor/Wire"
import { CompliancePayload, ComplianceRequest, isUuid, sameId } from "./ComplianceSchema.ts"
import * as Answers from "./internal/answer.ts"
import * as Verdict from "./internal/verdict.ts"

const ids = ["policyId", "uploadId", "mappingId", "auditId"] as const

const line = Vendor.pairs(
  { policy: "policyId", upload: "uploadId", mapping: "mappingId", audit: "auditId", name: "auditName" },
  "compliance:policy=ID,upload=ID,mapping=ID"
)

const joined = (parts: Readonly<Record<string, string>>): string =>
  Object.entries(parts)
    .map(([name, id]) => `${name}=${id}`)
    .join(",")
    .toLowerCase()

/** The dataset that an answer names, as far as it does: each of the ids may be missing or null. */
const answered = (answer: unknown): Subject | null => {
  const textOf = (name: string) => WireFields.nonEmptyText.read(Wire.get(answer, [name]))
  const said: Record<string, string> = {}
  for (const name of ["policy", "upload", "mapping"]) {
    const id = textOf(`${name}_id`)
    if (id !== null) said[name] = WireFields.cut(id, 64)
  }
  const id = joined(said)
  if (id === "") return null
  const { mapping, policy } = said
  const series = policy === undefined || mapping === undefined ? {} : { series: joined({ policy, mapping }) }
  return { kind: "dataset", id, name: WireFields.cut(textOf("audit_name") ?? id), ...series }
}

const rules = (done: number, total: number | null) => ({ done, total, ...(total ? { fraction: done / total } : {}) })

/** The server sends 0 rules until the scan has completed, so 0 says nothing. */
const progress = (body: unknown) => {
  const done = WireFields.count.read(Wire.get(body, ["rules_processed"]))
  return done === null || done === 0 ? null : rules(done, WireFields.count.read(Wire.get(body, ["rules_total"])))
}

const texts = (from: unknown): ReadonlyArray<string | number> =>
  Array.isArray(from) ? from.filter((part) => typeof part === "string" || typeof part === "number") : []

/** What the vendor complains about: fields, as `path: what`, or columns of a mapping. */
const complaints = (details: unknown): ReadonlyArray<string> => {
  if (Array.isArray(details)) {
    return details
      .filter(WireFields.isRecord)
      .slice(0, 8)
      .map((issue) => {
        const at = texts(issue["path"]).join(".")
        const what = WireFields.nonEmptyText.read(issue["message"]) ?? "not accepted"
        return at === "" ? what : `${at}: ${what}`
      })
  }
  const missing = texts(Wire.get(details, ["missing_required"])).join(", ")
  const invalid = texts(Wire.get(details, ["invalid_columns"])).join(", ")
  return [...(missing === "" ? [] : [`missing: ${missing}`]), ...(invalid === "" ? [] : [`invalid: ${invalid}`])]
}

const complaintsIn = (body: unknown): ReadonlyArray<string> => complaints(Wire.get(body, ["details"]))

/** What the vendor does not say of its ids does not count against a scan. */
const isMadeFrom = (answer: unknown, { mappingId, policyId, uploadId }: ComplianceRequest): boolean =>
  Object.entries({ policy_id: policyId, upload_id: uploadId, mapping_id: mappingId }).every(([name, asked]) => {
    const said = Wire.get(answer, [name])
    return typeof said !== "string" || sameId(said, asked)
  })

const refused = (advice: string) => ({ submit: "Refused", advice }) as const

const expired = "the token may have expired, its user may have no organization, or the vendor's database may be down"
const renew =
  "renew the token; the vendor also says so for a user without an organization and when its database is down"

/**
 * The scan runs inside the submission, so the first poll goes out at once and is nearly always the last. A pace matters where
 * a submission's answer was lost, somebody else started the scan, or the server's last update failed: such a scan may stay
 * `running` for ever, so the deadline is one of minutes.
 */
const policy = (pace: PollPolicy.PaceInput, deadline: Duration.Input): PollPolicy.PollPolicy =>
  PollPolicy.make({
    first: 0,
    pace,
    failures: PollPolicy.backOff({ base: "1 second", cap: "20 seconds" }),
    floor: "1 second",
    deadline
  })

/** Where many scans are open, most were submitted by this batch and are done: patience costs them nothing. */
const byOpenScans = PollPolicy.paceNamed("every 2s, 5s above 10 open scans, 10s above 100", (tick) =>
  Duration.seconds(tick.open > 100 ? 10 : tick.open > 10 ? 5 : 2)
)

// The type of `vendor` is named: spelled out, one with unknown fields is refused by a compiler without
// `exactOptionalPropertyTypes`.

/**
 * The compliance API.
 *
 * @category constructors
 * @since 0.2.0
 */
export const vendor: Vendor.Vendor<ComplianceRequest, CompliancePayload> = Vendor.define({
  name: "compliance",
  title: "Compliance API (Yggdrasil)",
  scans: "policy scans of datasets",
  docs: "https://github.com/Basit-Ali0/Yggdrasil",
  asOf: "2026-11-22",
  terms: [
    "the operator of the server has the datasets and the results, and each submission is a new scan in its history"
  ],
  baseUrl: null,
  key: { variable: "COMPLIANCE_TOKEN", form: /^[\w-]+\.[\w-]+\.[\w-]*$/, words: "is a JWT: three parts with dots" },
  settings: {
    COMPLIANCE_ORGANIZATION_ID: {
      header: "X-Organization-Id",
      form: /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
      words: "the organization id (COMPLIANCE_ORGANIZATION_ID) is not a UUID"
    }
  },
  ids: /^[\w.~-]{1,200}$/,
  probe: "00000000-0000-4000-8000-000000000000",
  sameId,
  target: ComplianceRequest,
  sample: {
    policyId: "550e8400-e29b-41d4-a716-446655440000",
    uploadId: "123e4567-e89b-12d3-a456-426614174000",
    mappingId: "789e0123-e45b-67c8-d901-234567890123"
  },
  line,
  check: (request) => [
    ...ids.flatMap((name) => {
      const id = request[name]
      return id === undefined || isUuid(id)
        ? []
        : [{ path: [name], message: "must be a UUID, such as 550e8400-e29b-41d4-a716-446655440000" }]
    }),
    ...(request.auditName?.trim() === ""
      ? [{ path: ["auditName"], message: "is blank; leave it out if the audit has no name" }]
      : [])
  ],
  subject: ({ auditName, mappingId, policyId, uploadId }) => {
    const id = joined({ policy: policyId, upload: uploadId, mapping: mappingId })
    // A new upload of the same data is the next version of it: the vendor's own delta compares scans of one policy.
    return { kind: "dataset", id, name: auditName ?? id, series: joined({ policy: policyId, mapping: mappingId }) }
  },
  // The vendor joins nothing by itself. The audit's name is a label and makes no other scan.
  fingerprint: (request) => JSON.stringify(ids.map((name) => request[name]?.toLowerCase() ?? null)),

  submit: {
    path: "/api/scan/run",
    body: ({ auditId, auditName, mappingId, policyId, uploadId }) => ({
      policy_id: policyId,
      upload_id: uploadId,
      mapping_id: mappingId,
      ...(auditId === undefined ? {} : { audit_id: auditId }),
      ...(auditName === undefined ? {} : { audit_name: auditName })
    }),
    id: ["scan_id"],
    already: {
      words: ["failed"],
      meanings: {
        failed: Vendor.when(Answers.RunFailure, {
          failed: ({ details, error, message }) => ({
            code: error ?? null,
            message: message === undefined ? "none given" : [message, ...complaints(details)].join("; "),
            advice: "this scan is over; a new scan may work"
          })
        })
      }
    },
    pollAtOnce: ["completed"]
  },

  answer: Answers.Answer,
  payload: CompliancePayload,
  status: {
    path: "/api/scan/{id}",
    id: ["id"],
    subject: answered,
    word: ["status"],
    created: ["created_at"],
    completed: ["completed_at"],
    words: {
      pending: "queued",
      running: { running: progress },
      completed: { completed: Verdict.completed },
      failed: Vendor.when(Answers.Failure, {
        failed: () => ({ message: "none given", advice: "the vendor keeps no reason; a new scan may work" })
      })
    }
  },

  list: {
    path: ({ auditId }) =>
      auditId === undefined
        ? Vendor.unusable(
            "no-audit",
            "the vendor lists scans by audit only and this request names none: whether a scan was made can be seen in the vendor's own history"
          )
        : `/api/audits/${auditId}/scans`,
    isAbout: (body, { auditId = "" }) => {
      const listed = Wire.get(body, ["audit_id"])
      return typeof listed !== "string" || sameId(listed, auditId)
    },
    rows: ["scans"],
    row: Answers.ListedScan,
    scan: ({ created_at, id }) => ({ id, createdAt: WireFields.timestamp(created_at) }),
    // The list does not say what a scan was made from; the scan itself does.
    look: { same: isMadeFrom }
  },

  // The status call answers 404 to an expired token and to an unknown scan; the list of an audit answers 401 to the first.
  keyProbe: { path: "/api/audits/00000000-0000-4000-8000-000000000000/scans", passes: [200, 404] },

  errors: {
    code: ["error"],
    message: ["message"],
    details: complaintsIn,
    doubt: ({ auditId }) =>
      auditId === undefined
        ? "the vendor lists scans by audit only and this request names none: look for the scan in the vendor's own history"
        : "look for the scan in the audit before a new one is bought",
    rows: {
      "400 VALIDATION_ERROR": [{ poll: "Broken!" }, refused("correct the fields the vendor names")],
      "400 MAPPING_INCOMPLETE": refused(
        "confirm a mapping that covers the named fields with columns of this upload, and use its mappingId"
      ),
      "401 UNAUTHORIZED": [
        { poll: "Denied", advice: expired },
        { submit: "Denied", advice: renew }
      ],
      "404 NOT_FOUND": [
        {
          poll: "Missing",
          on: ["status"],
          advice: "the vendor also says so when the token has expired or its database is down"
        },
        { poll: "Missing", on: ["list"], advice: "no audit with that auditId for this token" },
        refused("the mapping, the upload or the policy's executable rules do not exist for this token")
      ],
      // Without a token the status answers 500 as well, but no request of ours leaves without one.
      "500 INTERNAL_ERROR": { poll: "Transient", submit: "InDoubt" },
      // It names a scan when it comes as the server sends it, and is then an outcome.
      "500 PARTIAL_INSERT": { submit: "InDoubt" },
      "501 NOT_AVAILABLE": { poll: "Broken!", advice: "the server's database lacks a migration" }
    },
    odd: ({ body }, code, { auditId }) => {
      if (code !== "VALIDATION_ERROR" || auditId !== undefined || body._tag !== "Json") return null
      const named = complaintsIn(body.value)
      return named.length === 0 || named.some((what) => what.startsWith("audit_id"))
        ? refused(
            "this server runs scans inside an audit only: create one (POST /api/audits) and give its id as auditId"
          )
        : null
    }
  },

  pacing: {
    // A poll a second is what its own web client does; 40 000 rows took a submission 17.5 seconds.
    limits: { floor: "1 second", submitTimeout: "2 minutes" },
    every: {
      interactive: policy("1 second", "1 minute"),
      default: policy(byOpenScans, "2 minutes"),
      background: policy("5 seconds", "5 minutes"),
      bulk: policy("10 seconds", "10 minutes")
    },
    // No limit is documented and no header tells one; a host in front of the server may have one, which a 429 teaches.
    budget: { requests: null, typicalDuration: Duration.seconds(5), pollsPerScan: () => 1 },
    durations: { prior: { low: Duration.seconds(1), high: Duration.seconds(5) }, kind: () => "" }
  }
})

/**
 * Parts of the definition under names of their own, as `ComplianceAdapter` and `CompliancePolicy` had them.
 *
 * @category constructors
 * @since 0.1.0
 */
export const { budget, check, fingerprint, limits, policies, subject } = vendor

/**
 * How to reach a compliance server.
 *
 * - `baseUrl`: where the server is, without `/api`; https. The application is self-hosted, so there is no default.
 * - `credential`: a user's access token. Tokens live about an hour, so give an effect that renews it where scans are
 *   watched for longer: it is asked before each request.
 * - `organizationId`: a UUID, sent as `X-Organization-Id`; without it the server takes the user's own organization.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options extends Pick<Vendor.KeyedOptions, "credential" | "account" | "insecureHosts"> {
  readonly baseUrl: string
  readonly organizationId?: string
}

/**
 * Compliance scans of datasets, as a service. Its variables are `COMPLIANCE_TOKEN` and `COMPLIANCE_BASE_URL`, and
 * `COMPLIANCE_ORGANIZATION_ID` where it is wished.
 *
 * @category services
 * @since 0.1.0
 */
export class Compliance extends Vendor.Service<Compliance>()(
  "@scanpoll/compliance/ComplianceVendor/Compliance",
  vendor,
  ({ organizationId = "", ...own }: Options) => ({
    ...own,
    variable: "COMPLIANCE_TOKEN",
    settings: { COMPLIANCE_ORGANIZATION_ID: organizationId }
  })
) {}

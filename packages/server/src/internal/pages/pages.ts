/**
 * The pages of the server, and what they are served with.
 *
 * @since 0.2.0
 */
import { ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import { h, script as reportScript, style as reportStyle } from "@scanpoll/report/HtmlParts"
import * as SafeText from "@scanpoll/report/SafeText"
import * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as Layer from "effect/Layer"
import type { Refused } from "../../Actions.ts"
import * as Answer from "../../Answer.ts"
import type { Decide, Sources } from "../../Handlers.ts"
import * as Principal from "../../Principal.ts"
import type { Whole } from "../fromJournal.ts"
import * as Accounts from "./accounts.ts"
import { client } from "./client.ts"
import * as Cluster from "./cluster.ts"
import * as Deliveries from "./deliveries.ts"
import * as Doubt from "./doubt.ts"
import * as Now from "./now.ts"
import * as Page from "./page.ts"
import * as Runs from "./runs.ts"
import * as Scans from "./scans.ts"
import { style } from "./style.ts"
import * as Targets from "./targets.ts"

/**
 * Every page.
 *
 * @category constructors
 * @since 0.2.0
 */
export const routes: Arr.NonEmptyReadonlyArray<Page.Route> = [
  Now.route,
  Doubt.route,
  Scans.all,
  Scans.one,
  Runs.all,
  Runs.one,
  Targets.all,
  Targets.one,
  Accounts.route,
  Cluster.route,
  Deliveries.route
]

/**
 * Every form of the pages.
 *
 * @category constructors
 * @since 0.2.0
 */
export const forms: Arr.NonEmptyReadonlyArray<Page.Form> = [Doubt.form]

/**
 * What the pages load: their address, type and text.
 *
 * @category constructors
 * @since 0.2.0
 */
export const assets: ReadonlyArray<readonly [path: `/${string}`, type: string, text: SafeText.SafeText]> = [
  ["/assets/style.css", "text/css", SafeText.seal("markup", reportStyle + style)],
  ["/assets/live.js", "text/javascript", SafeText.seal("markup", client)],
  ["/assets/report.js", "text/javascript", SafeText.seal("markup", reportScript)]
]

const fault = (title: string, detail: string): Page.Page => ({
  title,
  nav: "",
  body: h(
    "section",
    { class: "card", "aria-label": title },
    h("p", null, `${detail}.`),
    h("p", null, h("a", { href: "/" }, "To what is going on now"))
  )
})

const answer = (page: Page.Page, status: number, asked: Pick<Page.Asked, "sources" | "now">) =>
  Answer.text(Page.document(page, asked), { status, type: "text/html; charset=utf-8" })

// What every page is asked with, the same for everybody.
type Given = Pick<Page.Asked, "sources" | "journal" | "whole">

const askedOf = (given: Given) =>
  Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    return {
      params: yield* HttpRouter.params,
      query: Object.fromEntries(new URL(request.url, "http://here.invalid").searchParams),
      ...given,
      who: yield* Principal.Principal,
      now: yield* Clock.currentTimeMillis
    }
  })

const answered = (
  asked: Page.Asked,
  page: Effect.Effect<Page.Page, Pick<Refused, "title" | "status" | "detail">>
): Effect.Effect<Answer.Answer> =>
  Effect.match(page, {
    onSuccess: (made) => answer(made, 200, asked),
    onFailure: (error) => answer(fault(error.title, error.detail ?? ""), error.status, asked)
  })

const handler = ({ path, render }: Page.Route, given: Given) =>
  HttpRouter.add(
    "GET",
    path,
    Effect.flatMap(askedOf(given), (asked) => answered(asked, render(asked)))
  )

const formHandler = ({ path, submit }: Page.Form, given: Given, decide: Decide) =>
  HttpRouter.add(
    "POST",
    path,
    Effect.gen(function* () {
      const request = yield* HttpServerRequest.HttpServerRequest
      // A body that breaks off is none.
      const text = yield* Effect.orElseSucceed(request.text, () => "")
      const asked = yield* askedOf(given)
      return yield* answered(asked, submit(asked, Object.fromEntries(new URLSearchParams(text)), decide))
    })
  )

/**
 * The routes of the pages and of what they load.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = (sources: Sources, whole: Whole, decide: Decide) =>
  Layer.unwrap(
    Effect.map(ScanJournal, (journal) =>
      Layer.mergeAll(
        ...Arr.map(routes, (route) => handler(route, { sources, journal, whole })),
        ...Arr.map(forms, (form) => formHandler(form, { sources, journal, whole }, decide)),
        ...assets.map(([path, type, text]) =>
          HttpRouter.add("GET", path, Answer.text(text, { type: `${type}; charset=utf-8` }))
        )
      )
    )
  )

/**
 * urlscan.io visits of web pages, with their verdicts, as a scanpoll adapter.
 *
 * @since 0.2.0
 */
export { Urlscan } from "./UrlscanVendor.ts"
export * as UrlscanSamples from "./UrlscanSamples.ts"
export * as UrlscanSchema from "./UrlscanSchema.ts"
export * as UrlscanVendor from "./UrlscanVendor.ts"

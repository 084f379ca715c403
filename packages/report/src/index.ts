/**
 * One canonical scan report and the formats rendered from it.
 *
 * @since 0.1.0
 */
export * as Baseline from "./Baseline.ts"
export * as Evidence from "./Evidence.ts"
export * as Diff from "./Diff.ts"
export * as DiffFormat from "./DiffFormat.ts"
export * as ExitCode from "./ExitCode.ts"
export * as Format from "./Format.ts"
export * as Gate from "./Gate.ts"
export * as HostileText from "./HostileText.ts"
export * as HtmlParts from "./HtmlParts.ts"
export * as Merge from "./Merge.ts"
export * as NextStep from "./NextStep.ts"
export * as Payload from "./Payload.ts"
export * as RenderEvents from "./RenderEvents.ts"
export * as RenderGithub from "./RenderGithub.ts"
export * as RenderOptions from "./RenderOptions.ts"
export * as ReportScan from "./ReportScan.ts"
export * as SafeText from "./SafeText.ts"
export * as ScanReport from "./ScanReport.ts"
export { renderReport } from "./RenderReport.ts"

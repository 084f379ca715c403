/**
 * The durable journal: an SQLite file, or PostgreSQL for many machines.
 *
 * @since 0.1.0
 */
export * as History from "./History.ts"
export * as Journal from "./Journal.ts"
export * as JournalAddress from "./JournalAddress.ts"
export * as JournalView from "./JournalView.ts"
export * as JournalSchema from "./JournalSchema.ts"
export * as Notifications from "./Notifications.ts"
export * as Spending from "./Spending.ts"
export * as SharedClaims from "./SharedClaims.ts"
export * as SqlJournal from "./SqlJournal.ts"
export * as SqliteClient from "./SqliteClient.ts"
export * as Standing from "./Standing.ts"

// The lessons of one journal in memory: the last few of each kind of scan. Touches nothing; law: one lesson for each scan, the
// latest.
import { kindKey, type Lesson, lessonKey } from "./lesson.ts"

interface Kept {
  readonly lesson: Lesson
  readonly at: number
}

export class LessonBook {
  private readonly kept = new Map<string, Kept>()
  private readonly most: number

  // - `most`: how many lessons of each kind are kept.
  constructor(most: number) {
    this.most = most
  }

  get all(): ReadonlyArray<Lesson> {
    return [...this.kept.values()].map(({ lesson }) => lesson)
  }

  add(lesson: Lesson, at: number): void {
    const name = lessonKey(lesson)
    this.kept.delete(name)
    this.kept.set(name, { lesson, at })
    const alike = [...this.kept].filter(([, { lesson: other }]) => kindKey(other) === kindKey(lesson))
    for (const [old] of alike.slice(0, Math.max(0, alike.length - this.most))) this.kept.delete(old)
  }

  forgetScans(scanIds: ReadonlySet<string>): void {
    for (const [name, { lesson }] of this.kept) if (scanIds.has(lesson.scan)) this.kept.delete(name)
  }

  forget(before: number): void {
    for (const [name, { at }] of this.kept) if (at < before) this.kept.delete(name)
  }
}

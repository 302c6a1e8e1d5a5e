// How long an access should last, from support's office hours. Pure.

/** @import { OfficeHours } from "../shared/types.js" */
import { DAY, HOUR, MINUTE, MS_PER_SECOND } from "../shared/page.js"

const STEP_MS = 15 * MINUTE * MS_PER_SECOND
const DAY_MS = DAY * MS_PER_SECOND
const MIN_OFFICE_MS = 4 * HOUR * MS_PER_SECOND
const MAX_CLOSED_DAYS = 8

/** Why a lifetime is suggested; each has a text `reason.<name>`. */
export const REASONS = ["early", "evening", "open", "soon", "weekend", "plain"]

/**
 * Suggest the shortest lifetime in which support has half a working day.
 * Outside office hours, and not just before them, it is at least 3 days.
 * @param {Date} now
 * @param {OfficeHours | undefined} office
 * @param {number[]} lifetimes in days
 * @returns {{days: number, reason: string, opens: Date | null}}
 */
export function suggestLifetime(now, office, lifetimes) {
    const offered = lifetimes.filter((days) => days >= 1).sort((one, other) => one - other)
    if (!office) return { days: offered[0], reason: "plain", opens: null }
    const opens = nextOpening(now, office)
    const { open, reason } = situation(now, opens, office)
    const least = open || reason === "early" ? 1 : 3
    const fitting = offered.filter((days) => days >= least)
    const days =
        fitting.find((days) => officeHours(now, days, office) >= MIN_OFFICE_MS) ??
        fitting[0] ??
        offered[offered.length - 1]
    return { days, reason: open && days > 1 ? "soon" : reason, opens }
}

/**
 * @param {Date} now
 * @param {Date | null} opens
 * @param {OfficeHours} office
 */
function situation(now, opens, office) {
    if (!opens) return { open: false, reason: "plain" }
    if (opens.getTime() === now.getTime()) return { open: true, reason: "open" }
    const today = officeTime(now, office)
    const then = officeTime(opens, office)
    if (opens.getTime() - now.getTime() < DAY_MS && today.day === then.day) return { open: false, reason: "early" }
    const tomorrow = (today.day % 7) + 1
    return { open: false, reason: then.day === tomorrow && office.days.includes(today.day) ? "evening" : "weekend" }
}

/**
 * When support is at work next; *now* itself while it is.
 * @param {Date} now
 * @param {OfficeHours} office
 */
function nextOpening(now, office) {
    if (isOpen(now, office)) return now
    const limit = now.getTime() + MAX_CLOSED_DAYS * DAY_MS
    for (let at = Math.ceil(now.getTime() / STEP_MS) * STEP_MS; at < limit; at += STEP_MS) {
        if (isOpen(new Date(at), office)) return new Date(at)
    }
    return null
}

/**
 * @param {Date} now
 * @param {number} days
 * @param {OfficeHours} office
 * @returns {number} milliseconds of office hours in the next *days* days, counted up to MIN_OFFICE_MS
 */
function officeHours(now, days, office) {
    let sum = 0
    for (let at = now.getTime(); at < now.getTime() + days * DAY_MS && sum < MIN_OFFICE_MS; at += STEP_MS) {
        if (isOpen(new Date(at), office)) sum += STEP_MS
    }
    return sum
}

/**
 * @param {Date} date
 * @param {OfficeHours} office
 */
function isOpen(date, office) {
    const { day, time } = officeTime(date, office)
    return office.days.includes(day) && time >= office.from && time < office.to
}

/** @type {Map<string, Intl.DateTimeFormat>} */
const clocks = new Map()
const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]

/**
 * The weekday (1 is Monday) and "HH:MM" at support's office.
 * @param {Date} date
 * @param {OfficeHours} office
 */
function officeTime(date, office) {
    let clock = clocks.get(office.time_zone)
    if (!clock) {
        clock = new Intl.DateTimeFormat("en-GB", {
            timeZone: office.time_zone,
            weekday: "short",
            hour: "2-digit",
            minute: "2-digit",
            hourCycle: "h23",
        })
        clocks.set(office.time_zone, clock)
    }
    const parts = Object.fromEntries(clock.formatToParts(date).map(({ type, value }) => [type, value]))
    return { day: WEEKDAYS.indexOf(parts.weekday) + 1, time: `${parts.hour}:${parts.minute}` }
}

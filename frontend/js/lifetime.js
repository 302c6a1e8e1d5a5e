// @ts-check
// How long an access should last, from support's office hours. Pure.

const QUARTER = 15 * 60 * 1000
const DAY = 24 * 60 * 60 * 1000
const ENOUGH = 4 * 60 * 60 * 1000

/** Why a lifetime is suggested; each has a text `reason.<name>`. */
export const REASONS = ["early", "evening", "open", "soon", "weekend", "plain"]

/** @typedef {import("./types.js").OfficeHours} OfficeHours */

/**
 * Suggest the shortest lifetime in which support has half a working day.
 * Outside office hours, and not just before them, it is at least 3 days.
 * @param {Date} now
 * @param {OfficeHours | undefined} office
 * @param {number[]} lifetimes in days
 * @returns {{days: number, reason: string, opens: Date | null}}
 */
export function suggest(now, office, lifetimes) {
    const offered = lifetimes.filter((days) => days >= 1).sort((one, other) => one - other)
    if (!office) return { days: offered[0], reason: "plain", opens: null }
    const opens = opening(now, office)
    const { open, reason } = situation(now, opens, office)
    const least = open || reason === "early" ? 1 : 3
    const fitting = offered.filter((days) => days >= least)
    const days = fitting.find((days) => worked(now, days, office) >= ENOUGH) ?? fitting[0] ?? offered[offered.length - 1]
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
    const today = local(now, office)
    const then = local(opens, office)
    if (opens.getTime() - now.getTime() < DAY && today.day === then.day) return { open: false, reason: "early" }
    const tomorrow = (today.day % 7) + 1
    return { open: false, reason: then.day === tomorrow && office.days.includes(today.day) ? "evening" : "weekend" }
}

/**
 * When support is at work next; *now* itself while it is.
 * @param {Date} now
 * @param {OfficeHours} office
 */
function opening(now, office) {
    if (isOpen(now, office)) return now
    const end = now.getTime() + 8 * DAY
    for (let at = Math.ceil(now.getTime() / QUARTER) * QUARTER; at < end; at += QUARTER) {
        if (isOpen(new Date(at), office)) return new Date(at)
    }
    return null
}

/**
 * @param {Date} now
 * @param {number} days
 * @param {OfficeHours} office
 * @returns {number} milliseconds of office hours in the next *days* days, counted up to ENOUGH
 */
function worked(now, days, office) {
    let sum = 0
    for (let at = now.getTime(); at < now.getTime() + days * DAY && sum < ENOUGH; at += QUARTER) {
        if (isOpen(new Date(at), office)) sum += QUARTER
    }
    return sum
}

/**
 * @param {Date} date
 * @param {OfficeHours} office
 */
function isOpen(date, office) {
    const { day, time } = local(date, office)
    return office.days.includes(day) && time >= office.from && time < office.to
}

/** @type {Map<string, Intl.DateTimeFormat>} */
const clocks = new Map()
const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]

/**
 * The weekday (1 is Monday) and "HH:MM" at support's office.
 * @param {Date} date
 * @param {OfficeHours} office
 */
function local(date, office) {
    let clock = clocks.get(office.time_zone)
    if (!clock) {
        clock = new Intl.DateTimeFormat("en-GB", {
            timeZone: office.time_zone, weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
        })
        clocks.set(office.time_zone, clock)
    }
    const parts = Object.fromEntries(clock.formatToParts(date).map(({ type, value }) => [type, value]))
    return { day: DAYS.indexOf(parts.weekday) + 1, time: `${parts.hour}:${parts.minute}` }
}

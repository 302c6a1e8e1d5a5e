// One lifetime to choose, on the form and on the receipt.

import { DAY, dateOf, formatDate, formatDuration, make, setText } from "./page.js"

/** The time of the day and its zone stand in the sentence that the owner agrees to. @type {Intl.DateTimeFormatOptions} */
const SHORT_DATE = { weekday: "short", day: "numeric", month: "short" }

/**
 * @param {number} days
 * @param {number} end when the access would end, in epoch seconds
 * @param {{checked?: boolean}} [options]
 */
export function lifetimeChoice(days, end, { checked = false } = {}) {
    const name = make("strong")
    const until = make("span")
    setText(name, "time.days", { days: () => formatDuration(days * DAY) })
    setText(until, "time.until", { date: () => formatDate(dateOf(end), SHORT_DATE) })
    const radio = /** @type {HTMLInputElement} */ (make("input", { type: "radio", name: "days", value: String(days) }))
    radio.checked = checked
    return make("label", { class: "choice" }, radio, make("span", {}, name, until))
}

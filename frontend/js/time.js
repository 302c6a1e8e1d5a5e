// @ts-check
// Step 3, "how long", and what the owner agrees to before leaving for WordPress.

import { appName, consentUrl, newState } from "./consent.js"
import { $, all, busy, hostOf, make } from "./dom.js"
import { judge } from "./fields.js"
import { duration, moment, put } from "./i18n.js"
import { suggest } from "./lifetime.js"
import { showSite } from "./look.js"
import { showDoor } from "./site.js"

const DAY = 24 * 60 * 60 * 1000

/** @type {import("./types.js").Visit} */
let visit
let state = ""

/** @param {import("./types.js").Visit} current */
export function enter(current) {
    if (!visit) {
        visit = current
        $("#lifetimes").addEventListener("change", ({ target }) => pick(Number(/** @type {any} */ (target).value)))
        $("#date").addEventListener("change", chooseDate)
        $("#date").addEventListener("blur", () => void misses())
        $("#time").addEventListener("submit", () => busy($("#time .actions button:not([hidden])"), next))
    }
    state = newState()
    const { draft, config, keys } = visit
    const approved = draft.door === "consent" && Boolean(keys.application_password)
    showDoor($("#time"), approved ? "paste" : draft.door)
    showSite($("#found"), draft.site)
    showLifetimes()
    put($("#consent-what"), "consent.what_text", { site: hostOf(draft.site?.url) })
    put($("#consent-name"), draft.hint === "hidden_login" ? "consent.hidden_login" : "consent.name", { name: appName(config.support_name, location.host, state) })
}

function showLifetimes() {
    const { draft, config } = visit
    const now = new Date()
    const offered = config.lifetimes.filter((days) => days <= config.max_days)
    const { days: best, reason, opens } = suggest(now, config.office_hours, offered)
    put($("#why"), `reason.${reason}`, {
        days: () => duration(best * 86400),
        opens: () => moment(opens ?? now, { weekday: "long", hour: "numeric", minute: "2-digit" }),
    })
    $("#choices").replaceChildren(...offered.map((days) => choice(days, days === best)))
    const date = /** @type {HTMLInputElement} */ ($("#date"))
    date.min = isoDay(1)
    date.max = isoDay(config.max_days)
    pick(isOffered(draft.days) ? draft.days : best)
}

/**
 * @param {number} days
 * @param {boolean} best
 */
function choice(days, best) {
    const name = make("strong")
    const until = make("span")
    put(name, "time.days", { days: () => duration(days * 86400) })
    put(until, best ? "time.until_best" : "time.until", { date: new Date(Date.now() + days * DAY) })
    const radio = make("input", { type: "radio", name: "days", value: String(days) })
    return make("label", { class: "choice" }, radio, make("span", {}, name, until))
}

/** @param {number} days as a choice of the page */
function pick(days) {
    const date = /** @type {HTMLInputElement} */ ($("#date"))
    date.value = isoDay(days)
    void misses()
    choose(days)
}

/** @param {number} days */
function choose(days) {
    const { draft } = visit
    draft.days = days
    visit.save()
    const radios = /** @type {HTMLInputElement[]} */ (all("#choices input"))
    for (const radio of radios) radio.checked = Number(radio.value) === days
    put($("#consent-until"), "consent.until_text", {
        date: new Date(Date.now() + days * DAY),
        duration: () => duration(days * 86400),
    })
}

/** The last day, at this time of the day. The field itself is left alone: it may still be typed in. */
function chooseDate() {
    const wanted = daysUntil()
    if (!isOffered(wanted)) return
    choose(wanted)
    void misses()
}

/** Say so beside the date when it cannot be chosen. @returns {Promise<boolean>} whether that is so */
async function misses() {
    const date = /** @type {HTMLInputElement} */ ($("#date"))
    const wrong = date.validity.badInput || (date.value !== "" && !isOffered(daysUntil()))
    const [first, last] = [1, visit.config.max_days].map((days) =>
        moment(new Date(Date.now() + days * DAY), { dateStyle: "medium" }),
    )
    await judge(date, wrong ? "field.date" : "", { first, last })
    return wrong
}

/** @param {number} days */
function isOffered(days) {
    return days >= 1 && days <= visit.config.max_days
}

/** From today to the day in the field; no number when it is empty. */
function daysUntil() {
    const date = /** @type {HTMLInputElement} */ ($("#date"))
    return Math.round((Date.parse(date.value) - Date.parse(isoDay(0))) / DAY)
}

/** @param {number} days from today, as the owner's calendar has it */
function isoDay(days) {
    const date = new Date()
    date.setDate(date.getDate() + days)
    const two = (/** @type {number} */ number) => String(number).padStart(2, "0")
    return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}

async function next() {
    const { draft, config, keys } = visit
    if (await misses()) {
        const other = /** @type {HTMLDetailsElement} */ ($("#other-day"))
        other.open = true
        return $("#date").focus()
    }
    if (draft.door !== "consent" || keys.application_password) return visit.go("send")
    draft.state = state
    visit.save()
    const name = appName(config.support_name, location.host, state)
    location.assign(consentUrl(draft.consent_url ?? "", { name, back: `${location.origin}/`, kind: "consent", state }))
}

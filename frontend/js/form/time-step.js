// Step 3, "how long", and what the owner agrees to before leaving for WordPress.

import { appName, consentUrl, newState } from "../shared/consent.js"
import { setFieldError } from "../shared/field-errors.js"
import { lifetimeChoice } from "../shared/lifetime-choice.js"
/** @import { Config } from "../shared/types.js" */
/** @import { FormPage } from "./types.js" */
import { $, all, DAY, formatDate, formatDuration, MS_PER_SECOND, runOnce, setText } from "../shared/page.js"
import { suggestLifetime } from "./lifetime-suggestion.js"
import { showSite } from "./site-check.js"
import { showDoor } from "./site-step.js"

/** @param {FormPage} page */
export function setUp(page) {
    $("#lifetimes").addEventListener("change", ({ target }) => {
        void chooseOffered(page, Number(/** @type {HTMLInputElement} */ (target).value))
    })
    $("#date").addEventListener("change", () => void chooseDate(page))
    $("#date").addEventListener("blur", () => void validateDate(page))
    $("#time").addEventListener("submit", () => runOnce($("#time .actions button:not([hidden])"), () => submit(page)))
}

/** @param {FormPage} page */
export async function enter(page) {
    const { draft, keys } = page
    const config = await page.config
    const who = $("#consent-who")
    if (who.lastChild?.nodeType !== Node.TEXT_NODE) who.append(config.support_name)
    page.nextConsentState = newState()
    const isApproved = draft.door === "consent" && Boolean(keys.application_password)
    showDoor($("#time"), isApproved ? "paste" : draft.door)
    showSite($("#found"), draft.site)
    page.showTeamKey("#consent-sealed")
    showLifetimes(page, config)
    setText($("#consent-name"), draft.hint === "hidden_login" ? "consent.hidden_login" : "consent.name", {
        name: appName(config.support_name, location.host, page.nextConsentState),
    })
}

/**
 * @param {FormPage} page
 * @param {Config} config
 */
function showLifetimes(page, config) {
    const now = new Date()
    const offered = config.lifetimes.filter((days) => days <= config.max_days)
    const { days: best, reason, opens } = suggestLifetime(now, config.office_hours, offered)
    setText($("#why"), `reason.${reason}`, {
        days: () => formatDuration(best * DAY),
        opens: opens ?? now,
    })
    const choices = offered.map((days) => lifetimeChoice(days, inDays(days).getTime() / MS_PER_SECOND))
    $("#choices").replaceChildren(...choices)
    const date = dateField()
    date.min = isoDay(1)
    date.max = isoDay(config.max_days)
    void chooseOffered(page, isPossible(page.draft.days, config) ? page.draft.days : best)
}

/**
 * @param {FormPage} page
 * @param {number} days one of the choices, or those of the draft
 */
async function chooseOffered(page, days) {
    dateField().value = isoDay(days)
    chooseLifetime(page, days)
    await validateDate(page)
}

/**
 * @param {FormPage} page
 * @param {number} days
 */
function chooseLifetime(page, days) {
    page.draft.days = days
    page.save()
    /** @type {HTMLInputElement[]} */
    const radios = all("#choices input")
    for (const radio of radios) radio.checked = Number(radio.value) === days
    setText($("#consent-until"), "consent.ends_line", {
        date: inDays(days),
        duration: () => formatDuration(days * DAY),
    })
}

/**
 * The last day, at this time of the day. The field itself is left alone: the owner may still type in it.
 * @param {FormPage} page
 */
async function chooseDate(page) {
    const days = daysToDate()
    if (!isPossible(days, await page.config)) return
    chooseLifetime(page, days)
    await validateDate(page)
}

/**
 * Show an error beside the date if it is out of range.
 * @param {FormPage} page
 * @returns {Promise<boolean>} true when valid
 */
async function validateDate(page) {
    const config = await page.config
    const date = dateField()
    const isValid = !date.validity.badInput && (date.value === "" || isPossible(daysToDate(), config))
    const [first, last] = [1, config.max_days].map((days) => () => formatDate(inDays(days), { dateStyle: "medium" }))
    await setFieldError(date, isValid ? "" : "field.date", { first, last })
    return isValid
}

/**
 * @param {number} days
 * @param {Config} config
 */
function isPossible(days, config) {
    return days >= 1 && days <= config.max_days
}

function dateField() {
    return /** @type {HTMLInputElement} */ ($("#date"))
}

/** @returns {number} from today to the day in the field; NaN when it is empty */
function daysToDate() {
    return Math.round((Date.parse(dateField().value) - Date.parse(isoDay(0))) / (DAY * MS_PER_SECOND))
}

/** @param {number} days */
function inDays(days) {
    return new Date(Date.now() + days * DAY * MS_PER_SECOND)
}

/** @param {number} days from today, as the owner's calendar has it */
function isoDay(days) {
    const date = new Date()
    date.setDate(date.getDate() + days)
    const two = (/** @type {number} */ number) => String(number).padStart(2, "0")
    return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}

/** @param {FormPage} page */
async function submit(page) {
    const { draft, keys, nextConsentState: state } = page
    if (!(await validateDate(page))) {
        const otherDay = /** @type {HTMLDetailsElement} */ ($("#other-day"))
        otherDay.open = true
        return $("#date").focus()
    }
    if (draft.door !== "consent" || keys.application_password) return page.goTo("send")
    draft.state = state
    page.save()
    const { support_name: supportName } = await page.config
    const name = appName(supportName, location.host, state)
    location.assign(consentUrl(draft.consent_url ?? "", { name, back: `${location.origin}/`, kind: "consent", state }))
}

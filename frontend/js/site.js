// @ts-check
// Step 2, "let us in": whose site, and which way in.

import { checkSite, Problem } from "./api.js"
import { $, all, busy, press } from "./dom.js"
import { complain, complete } from "./fields.js"
import { tell } from "./problem.js"

/** @type {import("./types.js").Visit} */
let visit

/** @param {import("./types.js").Visit} current */
export function enter(current) {
    if (!visit) {
        visit = current
        $("#site").addEventListener("submit", () => busy($("#site .actions button:not([hidden])"), next))
        for (const button of all("[data-open]")) press(button, () => choose(/** @type {any} */ (button.dataset.open)))
    }
    if (visit.draft.door === "none") visit.draft.door = "consent"
    showDoor($("#site"), visit.draft.door)
}

/**
 * Show what belongs to *door* in *form*, hide the rest.
 * @param {HTMLElement} form
 * @param {import("./types.js").Door} door
 */
export function showDoor(form, door) {
    for (const part of all("[data-door]", form)) part.hidden = !part.dataset.door?.split(" ").includes(door)
    for (const part of all("[data-not]", form)) part.hidden = part.dataset.not === door
}

/** @param {import("./types.js").Door} door */
async function choose(door) {
    const { draft } = visit
    draft.door = door
    forgetKeys()
    if (door === "none") return visit.go("send")
    showDoor($("#site"), door)
    $("#site-problem").hidden = true
    const details = /** @type {HTMLDetailsElement} */ ($("#doors"))
    details.open = false
    $("#site h2").focus()
    visit.save()
}

async function next() {
    const { draft } = visit
    $("#site-problem").hidden = true
    if (!(await complete($("#site")))) return
    forgetKeys()
    try {
        if (draft.door === "made") takeAccount()
        else await find()
        await visit.go("time")
    } catch (error) {
        if (error instanceof Problem && error.code === "invalid_input") return complain($("#url"), "field.url")
        tell($("#site-problem"), error)
        const details = /** @type {HTMLDetailsElement} */ ($("#doors"))
        details.open = true
    }
}

/** Ask the server whether this site can let us in. */
async function find() {
    const { draft, keys } = visit
    const { site, consent_url: consentUrl, problem } = await checkSite(value("url"))
    // With a consent page there is a way; a problem beside it is a hint for the next step.
    if (problem && (!site || !consentUrl)) throw new Problem("site_unsupported", { ...problem, reason: problem.code })
    draft.site = site
    draft.consent_url = consentUrl
    draft.hint = problem?.code ?? ""
    if (draft.door !== "paste") return
    keys.user_login = value("user_login")
    keys.application_password = value("application_password").replace(/\s/g, "")
}

/** A user made by hand needs nothing of the site but its address. */
function takeAccount() {
    const { draft, keys } = visit
    const typed = value("url")
    const url = addressOf(/^https?:\/\//i.test(typed) ? typed : `https://${typed}`)
    const base = url.href.replace(/\/(wp-admin|wp-login\.php).*$/, "").replace(/\/*$/, "")
    const login = /\.php$|login/.test(url.pathname) ? url.href : `${base}/wp-login.php`
    draft.site = { name: url.host, url: base, login_url: login }
    draft.consent_url = null
    keys.username = value("username")
    keys.password = /** @type {HTMLInputElement} */ ($("#password")).value
    keys.login_url = login
}

/** @param {string} typed */
function addressOf(typed) {
    try {
        const url = new URL(typed)
        if (!url.hostname.includes("%")) return url // Some browsers let a blank stand in a name.
    } catch {
        // No address at all.
    }
    throw new Problem("invalid_input")
}

function forgetKeys() {
    const { keys } = visit
    for (const name of Object.keys(keys)) delete keys[/** @type {keyof typeof keys} */ (name)]
}

/** @param {string} id */
function value(id) {
    return /** @type {HTMLInputElement} */ ($(`#${id}`)).value.trim()
}

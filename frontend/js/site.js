// @ts-check
// Step 2, "let us in": whose site, and which way in.

import { readAddress, siteOf } from "./address.js"
import { Problem } from "./api.js"
import { $, all, busy, press } from "./dom.js"
import { complain, complete } from "./fields.js"
import { look, lookSoon, lookWhileTyping, refuse, unlook } from "./look.js"

/** @type {import("./types.js").Visit} */
let visit

/** @param {import("./types.js").Visit} current */
export function enter(current) {
    const first = !visit
    visit = current
    if (first) {
        $("#site").addEventListener("submit", () => busy($("#site .actions button:not([hidden])"), next))
        for (const button of all("[data-open]")) press(button, () => choose(/** @type {any} */ (button.dataset.open)))
        // What is known is about the address that stood there before.
        $("#url").addEventListener("input", () => {
            Object.assign(visit.draft, { site: null, consent_url: null, hint: "" })
            visit.save()
        })
        lookWhileTyping(needsLook)
        lookSoon(needsLook)
    }
    if (visit.draft.door === "none") visit.draft.door = "consent"
    showDoor($("#site"), visit.draft.door)
}

/** A user made by hand needs nothing of the site but its address. */
function needsLook() {
    return ["consent", "paste"].includes(visit.draft.door)
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
    unlook()
    if (door === "none") return visit.go("send")
    showDoor($("#site"), door)
    const details = /** @type {HTMLDetailsElement} */ ($("#doors"))
    details.open = false
    $("#site h2").focus()
    visit.save()
}

async function next() {
    if (!(await complete($("#site")))) return
    forgetKeys()
    try {
        const ready = needsLook() ? await takeSite() : takeAccount()
        // A late answer does not pull back an owner who has gone elsewhere.
        if (ready && visit.draft.step === "site") await visit.go("time")
    } catch (error) {
        if (error instanceof Problem && error.code === "invalid_input") return complain($("#url"), "field.url")
        refuse(error)
    }
}

/** @returns {Promise<boolean>} false when the address was changed meanwhile */
async function takeSite() {
    const { draft, keys } = visit
    const found = await look()
    if (!found) return false
    draft.site = found.site
    draft.consent_url = found.consent_url
    draft.hint = found.problem?.code ?? ""
    if (draft.door !== "paste") return true
    keys.user_login = value("user_login")
    keys.application_password = value("application_password").replace(/\s/g, "")
    return true
}

function takeAccount() {
    const { draft, keys } = visit
    const address = readAddress(value("url"))
    if (!address) throw new Problem("invalid_input")
    const site = siteOf(address)
    draft.site = { name: address.host, ...site }
    draft.consent_url = null
    draft.hint = ""
    keys.username = value("username")
    keys.password = /** @type {HTMLInputElement} */ ($("#password")).value
    keys.login_url = site.login_url
    return true
}

function forgetKeys() {
    const { keys } = visit
    for (const name of Object.keys(keys)) delete keys[/** @type {keyof typeof keys} */ (name)]
}

/** @param {string} id */
function value(id) {
    return /** @type {HTMLInputElement} */ ($(`#${id}`)).value.trim()
}

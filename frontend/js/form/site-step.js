// Step 2, "let us in": whose site, and which way in.

/** @import { Door, FormPage } from "./types.js" */
import { Problem } from "../shared/api.js"
import { sameHost } from "../shared/consent.js"
import { rejectField, validateForm } from "../shared/field-errors.js"
import { $, all, load, onPress, runOnce } from "../shared/page.js"
import { hasLinkAmongWords, oneTimeLinkIn, readAddress, siteOf } from "./site-address.js"
import { checkSoon, checkTypedSite, checkWhileTyping, clearSiteCheck, refuseSite } from "./site-check.js"

/** @param {FormPage} page */
export function setUp(page) {
    $("#site").addEventListener("submit", () => runOnce($("#check"), () => submit(page)))
    for (const button of all("[data-open]")) {
        onPress(button, () => chooseDoor(page, /** @type {Door} */ (button.dataset.open)))
    }
    // What is known is about the address that was typed before.
    $("#url").addEventListener("input", () => {
        Object.assign(page.draft, { site: null, consent_url: null, hint: "" })
        page.save()
    })
    const password = /** @type {HTMLInputElement} */ ($("#password"))
    password.addEventListener("input", () => {
        $("#password-link").hidden = !oneTimeLinkIn(password.value)
    })
    checkWhileTyping(page, () => needsSiteCheck(page))
    checkSoon(page, () => needsSiteCheck(page))
}

/** @param {FormPage} page */
export function enter({ draft }) {
    if (draft.door === "none") draft.door = "consent"
    showDoor($("#site"), draft.door)
}

/**
 * For a user that the owner created by hand, the address is enough.
 * @param {FormPage} page
 */
function needsSiteCheck({ draft }) {
    return draft.door === "consent" || draft.door === "paste"
}

/**
 * Show what belongs to *door* in *form*, hide the rest.
 * @param {HTMLElement} form
 * @param {Door} door
 */
export function showDoor(form, door) {
    for (const part of all("[data-door]", form)) part.hidden = !part.dataset.door?.split(" ").includes(door)
    for (const part of all("[data-not]", form)) part.hidden = part.dataset.not === door
}

/**
 * @param {FormPage} page
 * @param {Door} door
 */
async function chooseDoor(page, door) {
    page.draft.door = door
    forgetKeys(page)
    clearSiteCheck(page)
    if (door === "none") return page.goTo("send")
    showDoor($("#site"), door)
    const otherWays = /** @type {HTMLDetailsElement} */ ($("#doors"))
    otherWays.open = false
    $("#site h2").focus()
    page.save()
}

/** @param {FormPage} page */
async function submit(page) {
    if (!(await validateForm($("#site")))) return
    forgetKeys(page)
    try {
        const isReady = needsSiteCheck(page) ? await readCheckedSite(page) : await readManualUser(page)
        // A late answer does not pull back an owner who has gone elsewhere.
        if (isReady && page.draft.step === "site") await page.goTo("time")
    } catch (error) {
        if (error instanceof Problem && error.code === "invalid_input") return rejectField($("#url"), "field.url")
        refuseSite(error)
        $("#site-problem").scrollIntoView({ block: "nearest" }) // It stands below the button.
    }
}

/**
 * @param {FormPage} page
 * @returns {Promise<boolean>} false when the address was changed meanwhile
 */
async function readCheckedSite(page) {
    const { draft, keys } = page
    const found = await checkTypedSite(page)
    if (!found) return false
    draft.site = found.site
    draft.consent_url = found.consent_url
    draft.hint = found.problem?.code ?? ""
    // Elsewhere the owner would approve on one site, and another would get the key.
    if (!sameHost(found.site?.url, found.consent_url)) throw new Problem("site_unsupported", { reason: "two_hosts" })
    if (draft.door !== "paste") return true
    keys.approved_on = found.site?.url
    keys.user_login = typed("user_login")
    keys.application_password = typed("application_password").replace(/\s/g, "")
    return true
}

/**
 * @param {FormPage} page
 * @returns {Promise<boolean>} false when the password is a link among words: sealed, nobody would follow it
 */
async function readManualUser({ draft, keys }) {
    const address = readAddress(typed("url"))
    const password = /** @type {HTMLInputElement} */ ($("#password"))
    if (!address) throw new Problem("invalid_input")
    if (hasLinkAmongWords(password.value)) {
        await rejectField(password, "made.only_link")
        return false
    }
    const site = siteOf(address)
    draft.site = { name: address.host, ...site }
    draft.consent_url = null
    draft.hint = ""
    keys.username = typed("username")
    keys.password = password.value
    keys.login_url = site.login_url
    keys.link_hint = typed("link_hint")
    return true
}

/** @param {FormPage} page */
function forgetKeys(page) {
    const { keys } = page
    if (page.held) void load("form/hold.js").then((module) => module.endHeld(page))
    for (const name of Object.keys(keys)) delete keys[/** @type {keyof typeof keys} */ (name)]
}

/** @param {string} id */
function typed(id) {
    return /** @type {HTMLInputElement} */ ($(`#${id}`)).value.trim()
}

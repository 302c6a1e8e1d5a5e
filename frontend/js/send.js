// @ts-check
// Step 4: the owner looks once more, presses "Send", and follows what happens.

import { readAddress } from "./address.js"
import { endGrant } from "./api.js"
import { copyOnPress } from "./copy.js"
import { $, all, busy, hostOf, make, press } from "./dom.js"
import { complain, complete, judge } from "./fields.js"
import { duration, put } from "./i18n.js"
import { keep } from "./kept.js"
import { tell } from "./problem.js"
import { needsAccess, newSetup, partsOf, run, subjectOf } from "./setup.js"

/** After these the server has undone its part, and the approval is used up. */
const ASK_AGAIN = ["consent_rejected", "grant_ended", "grant_exists", "not_administrator", "site_unsupported"]
/** After these, too, the same request again would be refused again. */
const FINAL = [
    ...ASK_AGAIN, "bad_request", "invalid_input", "method_not_allowed", "not_found", "not_json", "secret_exists", "too_large",
]
/** Where the owner typed or chose what the server refused: step, field, and the text beside it. @type {Record<string, string[]>} */
const TYPED = {
    site_url: ["site", "#url", "field.url"],
    user_login: ["site", "#user_login", "field.refused"],
    application_password: ["site", "#application_password", "field.refused"],
    username: ["site", "#username", "field.refused"],
    days: ["time", "#date", ""],
    owner_email: ["send", "#email", "field.email"],
    email: ["send", "#email", "field.email"],
    name: ["send", "#name", "field.refused"],
    passphrase_hint: ["send", "#passphrase_hint", "field.refused"],
    subject: ["what", "#message", "field.refused"],
    message: ["what", "#message", "field.refused"],
}
const GIVEN_BY_WORDPRESS = ["user_login", "application_password"]
const DAY = 24 * 60 * 60 * 1000

/** @type {import("./types.js").Visit} */
let visit
/** @type {import("./types.js").Setup | null} */
let setup = null

/** @param {import("./types.js").Visit} current */
export function enter(current) {
    if (!visit) {
        visit = current
        $("#send").addEventListener("submit", () => busy($("#send-now"), send))
        $("#protect").addEventListener("change", protect)
        press($("#other-words"), protect)
        copyOnPress($("#copy-passphrase"), () => $("#passphrase").textContent ?? "")
    }
    if (setup) return
    const { draft } = visit
    const access = draft.door !== "none"
    $("#send-access").hidden = $("#send-time").hidden = $("#protect-door").hidden = $("#see").hidden = !access
    put($("#send-lead"), `send.lead_${draft.door}`)
    $("#send-subject").textContent = subjectOf(draft.message)
    $("#send-site").textContent = hostOf(draft.site?.url)
    $("#hidden-login").hidden = !access || draft.hint !== "hidden_login"
    put($("#send-until"), "consent.until_text", {
        date: new Date(Date.now() + draft.days * DAY),
        duration: () => duration(draft.days * 86400),
    })
    $("#send-problem").hidden = $("#progress").hidden = $("#stay").hidden = true
    $("#send-lead").hidden = false
    put($("#send-now"), "send.now")
    put($("#see-text"), draft.door === "made" ? "send.see_made" : "send.see_text")
}

async function protect() {
    const wanted = /** @type {HTMLInputElement} */ ($("#protect")).checked
    $("#protection").hidden = !wanted
    if (!wanted) return
    const { newPassphrase } = await import("./passphrase.js")
    $("#passphrase").textContent = newPassphrase()
}

async function send() {
    const { draft, keys } = visit
    if (!setup && draft.door !== "none" && !keys.application_password && !keys.password) return visit.go("send")
    if (!setup && !(await complete($("#send")))) return
    const page = /** @type {HTMLInputElement} */ ($("#login_url"))
    const unclear = !$("#hidden-login").hidden && page.value.trim() !== "" && !readAddress(page.value)
    await judge(page, "")
    if (!setup && unclear) return complain(page, "field.url")
    setup ??= begin()
    $("#send-problem").hidden = true
    $("#progress").hidden = $("#stay").hidden = false
    $("#send-lead").hidden = true
    freeze(true)
    try {
        await run(setup, report)
    } catch (error) {
        return failed(error)
    }
    finish(setup)
}

/** From here on the ids are fixed, so that trying again repeats and never doubles. */
function begin() {
    const { draft, keys } = visit
    const consent = keys.application_password
        ? { user_login: keys.user_login ?? "", application_password: keys.application_password }
        : null
    const account =
        draft.door === "made"
            ? { username: keys.username ?? "", password: keys.password ?? "", login_url: keys.login_url ?? "" }
            : null
    const made = newSetup(draft, { consent, account })
    if (/** @type {HTMLInputElement} */ ($("#protect")).checked && needsAccess(made)) {
        made.passphrase = $("#passphrase").textContent
        made.hint = /** @type {HTMLInputElement} */ ($("#passphrase_hint")).value.trim()
    }
    // A reload in the middle would leave an account whose password nobody has. The history entry of
    // this tab keeps what is needed to end it, and no more: it opens nothing, the address bar and
    // storage never see it, and it goes when the receipt takes this entry's place.
    if (needsAccess(made)) history.replaceState({ unfinished: { grantId: made.grantId, ownerToken: made.ownerToken } }, "")
    $("#progress").replaceChildren(...partsOf(made).map((part) => make("li", { id: `progress-${part}` })))
    return made
}

/**
 * @param {string} part
 * @param {"now" | "slow" | "done"} state
 */
function report(part, state) {
    const item = $(`#progress-${part}`)
    item.className = state
    put(item, `progress.${part}.${state}`, { site: hostOf(visit.draft.site?.url) })
}

/** @param {unknown} error */
async function failed(error) {
    const { code, details } = tell($("#send-problem"), error)
    $("#stay").hidden = true
    for (const item of $("#progress").children) if (item.className !== "done") item.className = "stopped"
    put($("#send-now"), "send.again")
    if (!FINAL.includes(code)) return
    const { draft, keys } = visit
    const byWordPress = draft.door === "consent" && GIVEN_BY_WORDPRESS.includes(details.field)
    const used = Boolean(setup?.grant) || ASK_AGAIN.includes(code) || byWordPress
    abandon()
    if (used) {
        delete keys.application_password
        const pasted = /** @type {HTMLInputElement} */ ($("#application_password"))
        pasted.value = ""
        // Without a key the button leads to where a new one is given.
        if (draft.door === "consent") put($("#send-now"), "send.ask_again")
        if (draft.door === "paste") put($("#send-now"), "page.back")
    }
    if (code === "invalid_input" && !byWordPress) await correct(details.field)
}

/** What was begun cannot be finished: end what there is of it, and let the owner change everything. */
function abandon() {
    // Should this call fail, the account still goes at its deadline.
    if (setup?.grant) endGrant(setup.grantId, setup.ownerToken).catch(() => {})
    setup = null
    history.replaceState(null, "")
    freeze(false)
}

/**
 * Move to where the owner gave what the server refused.
 * @param {string} name as the server calls it
 */
async function correct(name) {
    const [step, field, complaint] = TYPED[name] ?? []
    if (!step) return
    if (step !== "send") await visit.go(step)
    const unsafe = field === "#url" && /^http:/i.test(visit.draft.url)
    if (complaint) await complain($(field), unsafe ? "error.needs_https" : complaint)
    else visit.notice("error.invalid_input")
}

/** @param {import("./types.js").Setup} done */
async function finish({ reference, grantId, ownerToken, passphrase, grant }) {
    visit.forget()
    history.replaceState(null, "")
    const receipt = `/receipt#${grantId}.${ownerToken}`
    if (grant && !passphrase) return toReceipt(receipt, reference)
    if (passphrase) history.pushState(null, "") // One press of "Back" does not lose the words.
    put($("#sent-text"), "sent.text", { reference: reference ?? "" })
    $("#sent-words").hidden = !passphrase
    $("#sent-again").hidden = Boolean(passphrase)
    $("#sent-words output").textContent = passphrase
    copyOnPress($("#copy-words"), () => passphrase ?? "")
    press($("#to-receipt"), () => toReceipt(receipt, reference))
    await visit.enter("sent")
}

/**
 * @param {string} address
 * @param {string | null} reference
 */
function toReceipt(address, reference) {
    keep("hallpass.sent", reference ?? "")
    location.replace(address)
}

/** @param {boolean} frozen while and after a set-up has begun, nothing in it may change */
function freeze(frozen) {
    for (const input of /** @type {HTMLInputElement[]} */ (all("input", $("#send")))) input.disabled = frozen
    $("#other-words").hidden = frozen
    $("#send [data-back]").hidden = frozen
}

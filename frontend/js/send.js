// @ts-check
// Step 4: the owner looks once more, presses "Send", and follows what happens.

import { copyOnPress } from "./copy.js"
import { $, all, busy, hostOf, make, press } from "./dom.js"
import { complain, complete } from "./fields.js"
import { duration, put } from "./i18n.js"
import { tell } from "./problem.js"
import { needsAccess, newSetup, partsOf, run, subjectOf } from "./setup.js"

/** These need a new approval. After them, as after any refusal by the site, the server has undone its part. */
const ASK_AGAIN = ["consent_rejected", "grant_ended", "grant_exists", "not_administrator"]
/** Where the owner typed what the server refused: step, field, and the text beside it. @type {Record<string, string[]>} */
const TYPED = { site_url: ["site", "#url", "field.url"], owner_email: ["send", "#email", "field.email"], email: ["send", "#email", "field.email"] }
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
    const askAgain = ASK_AGAIN.includes(code)
    const typed = code === "invalid_input" && !setup?.grant && TYPED[details.field]
    put($("#send-now"), askAgain ? "send.ask_again" : "send.again")
    if (!askAgain && !typed && details.code !== "site_unsupported") return
    setup = null
    history.replaceState(null, "")
    if (askAgain) delete visit.keys.application_password
    freeze(false)
    if (!typed) return
    const [step, field, text] = typed
    if (step !== "send") await visit.go(step)
    await complain(/** @type {HTMLInputElement} */ ($(field)), text)
}

/** @param {import("./types.js").Setup} done */
async function finish({ reference, grantId, ownerToken, passphrase, grant }) {
    visit.forget()
    history.replaceState(null, "")
    const receipt = `/receipt#${grantId}.${ownerToken}`
    if (grant && !passphrase) return toReceipt(receipt, reference)
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
    sessionStorage.setItem("hallpass.sent", reference ?? "")
    location.replace(address)
}

/** @param {boolean} frozen while and after a set-up has begun, nothing in it may change */
function freeze(frozen) {
    for (const input of /** @type {HTMLInputElement[]} */ (all("input", $("#send")))) input.disabled = frozen
    $("#other-words").hidden = frozen
    $("#send [data-back]").hidden = frozen
}

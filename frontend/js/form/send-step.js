// Step 4: the owner reads everything once more, presses "Send", and sees the progress.

/** @import { ErrorBody } from "../shared/api-types.js" */
/** @import { Config, Sent } from "../shared/types.js" */
/** @import { FormPage, Part, Submission } from "./types.js" */
import { showAddress } from "../shared/address-text.js"
import { endGrant, Problem } from "../shared/api.js"
import { sameHost } from "../shared/consent.js"
import { copyOnPress } from "../shared/copy-button.js"
import { rejectField, setFieldError, validateForm } from "../shared/field-errors.js"
import { showNotice } from "../shared/notice.js"
import {
    $,
    all,
    DAY,
    formatDuration,
    hostOf,
    load,
    MS_PER_SECOND,
    make,
    onPress,
    runOnce,
    setText,
} from "../shared/page.js"
import { showProblem } from "../shared/problem-notice.js"
import { SENT_KEY, tryStorage } from "../shared/storage.js"
import { endHeld, forget, leadOf, markUnfinished } from "./hold.js"
import { oneTimeLinkIn, readAddress } from "./site-address.js"
import { needsAccess, newSubmission, partsOf, passesLink, subjectFor, submit } from "./submission.js"

/** After these the server has undone its part, and the approval is used up. */
const ASK_AGAIN = ["consent_rejected", "grant_ended", "grant_exists", "not_administrator", "site_unsupported"]
/** After these, too, the server would refuse the same request again. */
const FINAL = [
    ...ASK_AGAIN,
    "bad_request",
    "invalid_input",
    "method_not_allowed",
    "not_found",
    "not_json",
    "secret_exists",
    "too_large",
]
/** Where the owner typed or chose what the server refused: step, field, and the text beside it. @type {Record<string, string[]>} */
const SOURCES = {
    site_url: ["site", "#url", "field.url"],
    user_login: ["site", "#user_login", "field.refused"],
    application_password: ["site", "#application_password", "field.refused"],
    username: ["site", "#username", "field.refused"],
    days: ["time", "#date", ""],
    owner_email: ["what", "#email", "field.email"],
    email: ["what", "#email", "field.email"],
    name: ["what", "#name", "field.refused"],
    passphrase_hint: ["send", "#passphrase_hint", "field.refused"],
    subject: ["what", "#message", "field.refused"],
    message: ["what", "#message", "field.refused"],
}
const GIVEN_BY_WORDPRESS = ["user_login", "application_password"]

/** @param {FormPage} page */
export function setUp(page) {
    $("#send").addEventListener("submit", () => runOnce($("#send-now"), () => send(page)))
    $("#protect").addEventListener("change", choosePassphrase)
    onPress($("#other-words"), choosePassphrase)
    copyOnPress($("#copy-passphrase"), () => $("#passphrase").textContent ?? "")
}

/** @param {FormPage} page */
export function enter(page) {
    const { draft } = page
    if (page.submission) return
    const access = draft.door !== "none"
    $("#send-access").hidden = $("#send-time").hidden = $("#protect-door").hidden = $("#see").hidden = !access
    if (draft.door === "made" && oneTimeLinkIn(page.keys.password ?? "")) {
        $("#protect-door").hidden = $("#see").hidden = true
    }
    setText($("#send-lead"), leadOf(page))
    $("#send-subject").textContent = subjectFor(draft)
    showAddress($("#send-email"), draft.email)
    showAddress($("#send-site"), hostOf(draft.site?.url))
    $("#hidden-login").hidden = !access || draft.hint !== "hidden_login"
    setText($("#send-until"), "consent.until_text", {
        date: new Date(Date.now() + draft.days * DAY * MS_PER_SECOND),
        duration: () => formatDuration(draft.days * DAY),
    })
    $("#send-problem").hidden = $("#progress").hidden = $("#stay").hidden = true
    $("#send-lead").hidden = false
    page.showTeamKey("#see-sealed")
    setText($("#send-now"), "send.now")
    setText($("#see-text"), draft.door === "made" ? "send.see_made" : "send.see_text")
}

async function choosePassphrase() {
    const isWanted = field("#protect").checked
    $("#protection").hidden = !isWanted
    if (!isWanted) return
    const { newPassphrase } = await load("form/passphrase.js")
    $("#passphrase").textContent = newPassphrase()
}

/** @param {FormPage} page */
async function send(page) {
    const { draft, keys } = page
    if (!page.submission) {
        if (draft.door !== "none" && !keys.application_password && !keys.password) return page.goTo("send")
        if (!(await validateForm($("#send")))) return
        if (!(await validateSignInPage(page))) return
    }
    page.submission ??= begin(page, await page.config)
    $("#send-problem").hidden = true
    $("#progress").hidden = $("#stay").hidden = false
    $("#send-lead").hidden = true
    freeze(true)
    try {
        await submit(page.submission, (part, state) => showProgress(page, part, state))
    } catch (error) {
        return showFailure(page, error)
    }
    await finish(page, page.submission)
}

/**
 * @param {FormPage} page
 * @returns {Promise<boolean>} false when the sign-in page is asked for, and what was typed is no address on the site
 */
async function validateSignInPage({ draft }) {
    const signInPage = field("#login_url")
    await setFieldError(signInPage, "")
    if ($("#hidden-login").hidden || !signInPage.value.trim()) return true
    const address = readAddress(signInPage.value)
    if (sameHost(address?.href, draft.site?.url)) return true
    await rejectField(signInPage, address ? "field.other_host" : "field.url")
    return false
}

/**
 * From here on the ids are fixed, so that trying again repeats and never doubles.
 * @param {FormPage} page
 * @param {Config} config
 */
function begin({ draft, keys, held }, { team_keys: [teamKey] = [] }) {
    const { user_login = "", application_password = "", approved_on = "" } = keys
    const consent = application_password ? { user_login, application_password, approved_on } : null
    const manualUser =
        draft.door === "made"
            ? {
                  username: keys.username ?? "",
                  password: keys.password ?? "",
                  login_url: keys.login_url ?? "",
                  link_hint: keys.link_hint ?? "",
              }
            : null
    // For the mails about the access.
    const writing = {
        language: document.documentElement.lang,
        time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    }
    const submission = newSubmission(draft, { consent, manualUser, held: consent && held, teamKey, writing })
    if (field("#protect").checked && needsAccess(submission) && !passesLink(submission)) {
        submission.passphrase = $("#passphrase").textContent
        submission.hint = field("#passphrase_hint").value.trim()
    }
    // A reload in the middle would leave a user whose password is lost. The history entry of this tab keeps what is
    // needed to end the access, and no more: it opens nothing, the address bar and storage never see it, and it goes
    // when the receipt takes this entry's place.
    const { grantId, ownerToken } = submission
    if (needsAccess(submission)) history.replaceState({ unfinished: { grantId, ownerToken } }, "")
    $("#progress").replaceChildren(...partsOf(submission).map((part) => make("li", { id: `progress-${part}` })))
    return submission
}

/**
 * @param {FormPage} page
 * @param {Part} part
 * @param {"now" | "slow" | "done"} state
 */
function showProgress({ draft }, part, state) {
    const item = $(`#progress-${part}`)
    item.className = state
    setText(item, `progress.${part}.${state}`, { site: hostOf(draft.site?.url) })
}

/**
 * @param {FormPage} page
 * @param {unknown} error
 */
async function showFailure(page, error) {
    const isPasted = page.draft.door === "paste"
    const isRejected = error instanceof Problem && error.code === "consent_rejected"
    // Another reason is nothing that checking what was pasted would mend.
    const isMistyped = isPasted && isRejected && ["mistyped", undefined].includes(error.details.reason)
    const { code, details } = showProblem($("#send-problem"), error, isMistyped ? "pasted_rejected" : "")
    $("#stay").hidden = true
    for (const item of $("#progress").children) if (item.className !== "done") item.className = "stopped"
    setText($("#send-now"), "send.again")
    if (!FINAL.includes(code)) return
    const { draft, keys } = page
    const isFromWordPress = draft.door === "consent" && GIVEN_BY_WORDPRESS.includes(details.field ?? "")
    const isKeyUsed = Boolean(page.submission?.grant) || ASK_AGAIN.includes(code) || isFromWordPress
    abandon(page)
    if (!isKeyUsed) markUnfinished(page)
    if (isKeyUsed) {
        endHeld(page)
        delete keys.application_password
        field("#application_password").value = ""
        // Without a key the button leads to where a new one is given.
        if (draft.door === "consent") setText($("#send-now"), "send.ask_again")
        if (isPasted) setText($("#send-now"), "send.paste_again")
        if (isPasted) $("#send [data-back]").hidden = true // One way back is enough.
    }
    if (isMistyped) {
        for (const name of ["#user_login", "#application_password"]) await setFieldError(field(name), "field.check")
    }
    if (code === "invalid_input" && !isFromWordPress) await showSource(page, details)
}

/**
 * The submission cannot be finished: end what there is of it, and let the owner change everything.
 * @param {FormPage} page
 */
function abandon(page) {
    const { submission } = page
    // Should this call fail, the sweep still deletes the user at its deadline.
    if (submission?.grant) endGrant(submission.grantId, submission.ownerToken).catch(() => {})
    page.submission = null
    history.replaceState(null, "")
    freeze(false)
}

/**
 * Move to where the owner gave what the server refused.
 * @param {FormPage} page
 * @param {ErrorBody} details
 */
async function showSource(page, details) {
    const [step, selector, error] = SOURCES[details.field ?? ""] ?? []
    if (!step) return
    if (step !== "send") await page.goTo(step)
    const isPlainHttp = selector === "#url" && /^http:/i.test(page.draft.url)
    if (error) await rejectField(field(selector), isPlainHttp ? "error.no_https" : error)
    else showNotice("error.invalid_input")
}

/**
 * @param {FormPage} page
 * @param {Submission} submission
 */
async function finish(page, { draft, reference, grantId, ownerToken, passphrase, grant }) {
    const sent = { reference: reference ?? "", message: draft.message }
    page.forgetDraft()
    forget(page)
    history.replaceState(null, "")
    const receipt = `/receipt#${grantId}.${ownerToken}`
    if (grant && !passphrase) return goToReceipt(receipt, sent)
    if (passphrase) history.pushState(null, "") // One press of "Back" does not lose the words.
    setText($("#sent-text"), "sent.text", { email: draft.email })
    $("#reference").textContent = sent.reference
    $("#sent-words").hidden = !passphrase
    $("#sent-again").hidden = Boolean(passphrase)
    $("#sent-words output").textContent = passphrase
    copyOnPress($("#copy-words"), () => passphrase ?? "")
    copyOnPress($("#copy-sent"), () => `${sent.reference}\n\n${sent.message}`)
    onPress($("#to-receipt"), () => goToReceipt(receipt, sent))
    await page.enterStep("sent")
}

/**
 * @param {string} address
 * @param {Sent} sent which the receipt takes out of the storage at once
 */
function goToReceipt(address, sent) {
    tryStorage(() => sessionStorage.setItem(SENT_KEY, JSON.stringify(sent)))
    location.replace(address)
}

/** @param {boolean} isFrozen from the start of a submission on, nothing in it may change */
function freeze(isFrozen) {
    /** @type {HTMLInputElement[]} */
    const inputs = all("input", $("#send"))
    for (const input of inputs) input.disabled = isFrozen
    $("#other-words").hidden = isFrozen
    $("#send [data-back]").hidden = $("#steps").inert = isFrozen
}

/** @param {string} selector */
function field(selector) {
    return /** @type {HTMLInputElement} */ ($(selector))
}

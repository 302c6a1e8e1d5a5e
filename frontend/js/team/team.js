// The page of the team's key: is this browser ready, add it, remove it, make a key. Nothing of a key leaves the browser
// but in the file that a person saves; this page sends no request but for its own files.

/** @import { TeamKey } from "../shared/types.js" */
import { keepKey, readKeys, removeKey } from "../shared/key-store.js"
import {
    $,
    load,
    loadAhead,
    loadCatalogue,
    make,
    onPress,
    runGuarded,
    runOnce,
    setText,
    startPage,
} from "../shared/page.js"

const KEY_FILE = "team/key-file.js"
const COPY_BUTTON = "shared/copy-button.js"
const FIELD_ERRORS = "shared/field-errors.js"
const FINGERPRINT = "shared/fingerprint.js"
const READINESS = "team/readiness.js"
/** A key file is much shorter; a film need not be read to see that it is none. */
const MAX_READ_BYTES = 50_000
/**
 * The state of the page. *teamKeys* are those that the form may seal to, newest first; *words* those of the keys seen
 * so far, since they take a moment to make; *isUnsaved* says that the file of a new key is yet to be saved.
 * @type {{teamKeys: string[], words: Map<string, string>, isUnsaved: boolean}}
 */
const page = { teamKeys: [], words: new Map(), isUnsaved: false }

$("#add").addEventListener("submit", () => runOnce($("#add-now"), add))
onPress($("#make-now"), makeKey)
loadAhead([KEY_FILE, FIELD_ERRORS, FINGERPRINT, COPY_BUTTON])
addEventListener("beforeunload", (event) => page.isUnsaved && event.preventDefault())
await runGuarded(async () => {
    const [config] = await Promise.all([startPage(), loadCatalogue(), load(READINESS)])
    page.teamKeys = config.team_keys ?? []
    await show()
})

/** See what this browser holds. @param {string} [done] the text of what was done a moment ago */
async function show(done = "") {
    const { teamKeys } = page
    /** @type {typeof import("./readiness.js")} */
    const { readinessOf } = await load(READINESS)
    const keys = await readKeys().catch(() => null)
    const readiness = keys
        ? readinessOf(
              keys.map(({ publicKey }) => publicKey),
              teamKeys,
          )
        : "no_storage"
    const isBroken = readiness === "ready" && !(await works(keys ?? [], teamKeys[0]))
    const name = isBroken ? "broken" : readiness
    const [newest = ""] = teamKeys
    $("#team-words output").textContent = newest && (await wordsOf(newest))
    $("#team-words").hidden = !newest
    setText($("#state h2"), `team.is_${name}`)
    setText($("#state-text"), `team.is_${name}_text`)
    $("#ready").hidden = name !== "ready"
    $("#done").hidden = !done
    if (done) setText($("#done"), done)
    $("#keys").replaceChildren(...(await Promise.all((keys ?? []).map((key) => itemOf(key, teamKeys)))))
    $("#held").hidden = !keys?.length
    setText($("#make-title"), newest || keys?.length ? "team.again_title" : "team.make_title")
    setText($("#make-text"), newest || keys?.length ? "team.again_text" : "team.make_text")
    $("#loading").hidden = true
    $("#state").hidden = $("#make").hidden = false
    $("#add").hidden = name === "no_storage" || !$("#made").hidden
    $("#make-details").hidden = name === "no_storage" || !$("#made").hidden
}

/** Try it: seal something to the key, and open it. @type {(keys: TeamKey[], newest: string) => Promise<boolean>} */
async function works(keys, newest) {
    const { tryKey } = await load(KEY_FILE)
    const key = keys.find(({ publicKey }) => publicKey === newest)
    return tryKey(key).then(
        () => true,
        () => false,
    )
}

/** @type {(key: TeamKey, teamKeys: string[]) => Promise<HTMLElement>} */
async function itemOf({ publicKey }, teamKeys) {
    const place = teamKeys.indexOf(publicKey)
    const use = make("span", { class: "hint" })
    setText(use, place === 0 ? "team.key_newest" : place > 0 ? "team.key_older" : "team.key_unused")
    const fingerprint = await wordsOf(publicKey)
    const id = `key-${fingerprint}`
    const button = make("button", { type: "button", class: "danger", "aria-describedby": id })
    setText(button, "team.remove")
    onPress(button, () => remove(publicKey))
    const shown = make("p", {}, make("output", { id }, fingerprint), make("br"), use)
    return make("li", { "data-icon": "key" }, make("div", {}, shown, make("p", { class: "actions" }, button)))
}

/** What is stored wrongly has no words, but can be removed. @param {string} publicKey */
async function wordsOf(publicKey) {
    const known = page.words.get(publicKey)
    if (known) return known
    /** @type {typeof import("../shared/fingerprint.js")} */
    const { fingerprintOf } = await load(FINGERPRINT)
    const words = await fingerprintOf(publicKey).catch(() => "?")
    page.words.set(publicKey, words)
    return words
}

async function add() {
    const file = field("#file")
    const passphrase = field("#passphrase")
    const { rejectField, setFieldError } = await load(FIELD_ERRORS)
    for (const each of [file, passphrase]) await setFieldError(each, "")
    const [chosen] = file.files ?? []
    if (!chosen) return rejectField(file, "team.no_file")
    if (!passphrase.value.trim()) return rejectField(passphrase, "field.empty")
    const { readKeyFile } = await load(KEY_FILE)
    /** @type {TeamKey} */
    let key
    try {
        key = await readKeyFile(await chosen.slice(0, MAX_READ_BYTES).text(), passphrase.value)
    } catch (error) {
        const { fault = "unreadable" } = /** @type {{fault?: string}} */ (error)
        return rejectField(fault === "passphrase" ? passphrase : file, `team.fault_${fault}`)
    }
    try {
        await keepKey(key)
    } catch {
        return rejectField(file, "team.fault_storage")
    }
    passphrase.value = file.value = ""
    await show("team.added")
    $("#state h2").focus()
}

/** @param {string} publicKey */
async function remove(publicKey) {
    const dialog = /** @type {HTMLDialogElement} */ ($("#confirm"))
    $("#confirm-words").textContent = await wordsOf(publicKey)
    dialog.returnValue = "no"
    dialog.showModal()
    await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }))
    if (dialog.returnValue !== "yes") return
    try {
        await removeKey(publicKey)
    } catch {
        return sayNotRemoved()
    }
    await show("team.removed")
    $("#state h2").focus()
}

/** What is shown of the key stays, as the key does. */
async function sayNotRemoved() {
    await loadCatalogue()
    $("#done").hidden = false
    setText($("#done"), "team.not_removed")
    $("#done").scrollIntoView({ block: "nearest" })
}

async function makeKey() {
    const { copyOnPress } = await load(COPY_BUTTON)
    const { makeTeamKey, newFilePassphrase } = await load(KEY_FILE)
    const passphrase = newFilePassphrase()
    /** @type {{key: TeamKey, file: string}} */
    const { key, file } = await makeTeamKey(passphrase)
    try {
        await keepKey(key)
    } catch {
        return show("team.fault_storage")
    }
    page.isUnsaved = true
    const fingerprint = await wordsOf(key.publicKey)
    const line = `"team_keys": ${JSON.stringify([key.publicKey, ...page.teamKeys]).replaceAll(",", ", ")},`
    for (const [place, text] of Object.entries({
        "#made-words": fingerprint,
        "#file-words": passphrase,
        "#line": line,
    })) {
        $(place).textContent = text
    }
    copyOnPress($("#copy-words"), () => passphrase)
    copyOnPress($("#copy-line"), () => line)
    onPress($("#save"), () => save(file, `team-key-${fingerprint}.json`))
    $("#made").hidden = false
    await show()
    $("#made h2").focus()
}

/** @type {(file: string, name: string) => void} */
function save(file, name) {
    const address = URL.createObjectURL(new Blob([file], { type: "application/json" }))
    make("a", { href: address, download: name }).click()
    setTimeout(() => URL.revokeObjectURL(address))
    page.isUnsaved = false
}

/** @param {string} selector */
function field(selector) {
    return /** @type {HTMLInputElement} */ ($(selector))
}

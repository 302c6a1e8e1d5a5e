// Opens a box with the keys of this browser. It asks no server: without a key, nothing happens.

/** @import { Bytes } from "./link-key.js" */
/** @import { Config, TeamKey } from "./types.js" */
import { readKeys } from "./key-store.js"
import { readJson, texts } from "./page.js"
import { openBox, whyClosed } from "./team-box.js"

/**
 * Return the link key in *box*, or why this browser cannot read it: the texts `gone.<why>` say so. Where it lacks the
 * key (`<…>_key`), it tries again when the agent comes back from the page of the team's key.
 * @param {string} box
 * @param {Promise<Config>} config
 * @returns {Promise<{linkKey: Bytes, why: ""} | {linkKey: null, why: string}>}
 */
export async function unseal(box, config) {
    /** @type {TeamKey[]} */
    let keys
    try {
        keys = await readKeys()
    } catch {
        await loadTexts()
        return { linkKey: null, why: "no_storage" }
    }
    const linkKey = await openBox(box, keys)
    if (linkKey) return { linkKey, why: "" }
    const why = await whyClosed(box, keys, (await config).team_keys ?? [])
    if (why.endsWith("_key")) document.addEventListener("visibilitychange", () => document.hidden || location.reload())
    await loadTexts()
    return { linkKey: null, why }
}

/** Where a link does not open, a page says what only the team reads: in this language now, later in another one. */
export async function loadTexts() {
    const { dataset, lang } = document.documentElement
    dataset.texts = `${dataset.texts} team/`
    Object.assign(texts, await readJson(`../../i18n/team/${lang}.json`))
}

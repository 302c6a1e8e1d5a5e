// Opens a box with the keys of this browser. It asks nobody: without a key, nothing happens.

/** @import { Bytes } from "./link-key.js" */
/** @import { Config, TeamKey } from "./types.js" */
import { readKeys } from "./key-store.js"
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
        return { linkKey: null, why: "no_storage" }
    }
    const linkKey = await openBox(box, keys)
    if (linkKey) return { linkKey, why: "" }
    const why = await whyClosed(box, keys, (await config).team_keys ?? [])
    if (why.endsWith("_key")) document.addEventListener("visibilitychange", () => document.hidden || location.reload())
    return { linkKey: null, why }
}

// Says to whose key the link is sealed, where config.json names one.

/** @import { Config } from "../shared/types.js" */
import { $, load, setText } from "../shared/page.js"

/**
 * Show the key's words in *place*. They take a moment to make; sending does not wait for them.
 * @param {HTMLElement} place which has the text in its span
 * @param {Promise<Config>} config
 */
export async function showTeamKey(place, config) {
    const [teamKey] = (await config).team_keys ?? []
    if (!teamKey) return
    const [{ fingerprintOf }] = await Promise.all([load("shared/fingerprint.js"), load("shared/team-box.js")])
    const words = await fingerprintOf(teamKey)
    const text = $("span", place)
    setText(text, text.getAttribute("data-t") ?? "", { words })
    place.hidden = false
}

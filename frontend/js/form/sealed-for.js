// Says that the link is sealed to the team's key, where config.json names one. Loaded only then.

import { fingerprintOf } from "../shared/fingerprint.js"
import { $, setText } from "../shared/page.js"

/**
 * Say in *place* to whose key the link is sealed. The words take a moment to make; sending does not wait for them.
 * @param {HTMLElement} place
 * @param {string} teamKey
 */
export async function showTeamKey(place, teamKey) {
    setText($("span", place), "consent.sealed", { words: await fingerprintOf(teamKey) })
    place.hidden = false
}

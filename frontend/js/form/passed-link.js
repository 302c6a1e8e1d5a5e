// The one-time link that the owner gave instead of a password, where the team has a key. Loaded only then.

import { linkKeyOf, secretKeyOf } from "../share/shared-key.js"
import { sealToTeam } from "../shared/team-box.js"

/** Behind our own origin: a shared secret's key, or that of its receipt, from which the secret's derives. */
const OWN_SECRET = /^\/(secret|private|receipt|metadata)(?:\/|\/?(?:\?[^#]*)?#)([0-9a-z]{31})(?![0-9a-z])/

/**
 * A secret of our own page opens in every browser, and its key would come to the server with the ticket; so it is sealed
 * to the team. The link of another service stays as it is.
 * @type {(link: string, teamKey: string) => Promise<string>}
 */
export async function sealOwnLink(link, teamKey) {
    const { origin } = location
    const [, kind, key] = (link.startsWith(origin) && OWN_SECRET.exec(link.slice(origin.length))) || []
    if (!key) return link
    const linkKey = await linkKeyOf(kind === "secret" ? key : await secretKeyOf(key))
    return `${origin}/secret#${await sealToTeam(linkKey, teamKey)}`
}

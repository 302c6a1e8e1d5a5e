// What support has to know of the site: its icon, its versions, and what may stand in the way. The site and the sender
// said all of it, so it is shown as text, and the icon comes from the site's own host only.

/** @import { Environment } from "../shared/api-types.js" */
/** @import { SignIn } from "./types.js" */
import { sameHost } from "../shared/consent.js"
import { make, setText } from "../shared/page.js"

const OBSTACLES = /** @type {const} */ (["second_factor", "hidden", "approval"])
const ICON_PIXELS = "32"

/**
 * @param {HTMLElement} title
 * @param {SignIn} account
 */
export function showIcon(title, { site, icon = "" }) {
    if (!/^https?:/.test(icon) || !sameHost(site, icon)) return
    const image = make("img", { src: icon, alt: "", width: ICON_PIXELS, height: ICON_PIXELS, class: "icon" })
    image.onload = () => title.before(image)
}

/**
 * @param {HTMLElement} place
 * @param {Environment} [known]
 */
export function showEnvironment(place, known) {
    place.replaceChildren()
    if (!known) return
    for (const obstacle of OBSTACLES) {
        const plugins = known.obstacles?.[obstacle]
        if (!plugins) continue
        const hint = make("p", { class: "notice" })
        setText(hint, `open.hint_${obstacle}`, { plugins })
        place.append(hint)
    }
    const versions = make("dl", { class: "card" })
    const more = known.more ? ` … +${known.more}` : ""
    const plugins = `${(known.plugins ?? []).join(", ")}${more}`
    for (const [name, value] of [
        ["WordPress", known.wordpress],
        ["PHP", known.php],
        ["open.theme", known.theme],
        ["open.plugins", plugins],
    ]) {
        if (!value) continue
        const term = make("dt", {}, name)
        if (name.includes(".")) setText(term, name)
        versions.append(make("div", {}, term, make("dd", {}, value)))
    }
    if (!versions.children.length) return
    const summary = make("summary")
    setText(summary, "open.environment")
    place.append(make("details", {}, summary, versions))
}

// What support asks of the owner: the server mails one fixed text, with a button.

/** @import { OpenPage } from "./types.js" */
import { askOwner } from "../shared/api.js"
import { $, make, onPress, setText } from "../shared/page.js"
import { showProblem } from "../shared/problem-notice.js"

/**
 * Offer to ask for *wish*, where the owner could do it.
 * @param {Pick<OpenPage, "entry" | "grant">} page
 * @param {"link" | "time"} wish
 */
export function offerToAsk({ entry, grant }, wish) {
    const place = $(`#ask-${wish}`)
    place.replaceChildren()
    const { grantId, support } = entry ?? {}
    if (!grantId || !support || !grant?.can.includes(`ask_${wish}`)) return
    const problem = make("div", { class: "notice problem", role: "alert" }, make("p"), make("p"))
    problem.hidden = true
    const button = make("button", { type: "button", class: wish === "time" ? "second" : "" })
    setText(button, `ask.${wish}`)
    place.append(problem, make("p", { class: "actions" }, button))
    onPress(button, async () => {
        problem.hidden = true
        try {
            await askOwner(grantId, support, wish)
            const done = make("p", { role: "status" })
            place.replaceChildren(done)
            setText(done, "ask.done")
        } catch (error) {
            showProblem(problem, error)
        }
    })
}

// The address of a site as people type it.

import assert from "node:assert/strict"
import { test } from "node:test"

import { hasLinkAmongWords, oneTimeLinkIn, readAddress, siteOf } from "../../frontend/js/form/site-address.js"

for (const [typed, url, login] of [
    ["blog.example", "https://blog.example", "https://blog.example/wp-login.php"],
    ["http://blog.example/", "http://blog.example", "http://blog.example/wp-login.php"],
    ["blog.example/wp-admin/", "https://blog.example", "https://blog.example/wp-login.php"],
    ["blog.example/wp-admin/users.php?s=a", "https://blog.example", "https://blog.example/wp-login.php"],
    ["blog.example/shop/wp-login.php", "https://blog.example/shop", "https://blog.example/shop/wp-login.php"],
    ["blog.example/my-login", "https://blog.example", "https://blog.example/my-login"],
    ["blog.example/shop/login/", "https://blog.example/shop", "https://blog.example/shop/login/"],
    ["blog.example/shop/", "https://blog.example/shop", "https://blog.example/shop/wp-login.php"],
    ["blog.example/?p=3#top", "https://blog.example", "https://blog.example/wp-login.php"],
]) {
    test(`${typed} is a page of ${url}`, () => {
        const address = readAddress(typed)

        assert.ok(address)
        assert.deepEqual(siteOf(address), { url, login_url: login })
    })
}

test("what is no address is read as none", () => {
    for (const typed of ["http://not a site", "", "https://"]) assert.equal(readAddress(typed), null, typed)
})

test("a one-time link is read without what a mail put around it, and only when it stands alone", () => {
    globalThis.location = /** @type {Location} */ ({ origin: "https://help.example" })
    const link = "https://onetimesecret.example/secret/9k9id865g8eex3094q880m3s5byz0qg"
    for (const typed of [link, ` ${link}\n`, `${link}.`, `<${link}>`, `(${link}),`, `“${link}”;`, `"${link}"`]) {
        assert.equal(oneTimeLinkIn(typed), link, typed)
    }
    for (const typed of ["hunter2hunter2", `${link} horse`, `${link} ${link}`, "https://blog.example/", ""]) {
        assert.equal(oneTimeLinkIn(typed), "", typed)
    }
    for (const typed of [`${link} horse`, `Link:\n<${link}>`, `${link} ${link}`]) assert.ok(hasLinkAmongWords(typed))
    for (const typed of [link, `(${link})`, "hunter2 hunter2", "see https://blog.example/ 1"]) {
        assert.ok(!hasLinkAmongWords(typed), typed)
    }
})

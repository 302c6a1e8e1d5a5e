// What is under the seal is the sender's word: an address counts only on the site that the page shows.

import assert from "node:assert/strict"
import { test } from "node:test"

import { withCheckedAddress } from "../../frontend/js/open/sign-in-address.js"

const SITE = "https://blog.example"
const ADDRESS = `${SITE}/wp-login.php`
const signIn = { site: SITE, name: "Blog", login_url: ADDRESS, username: "u", password: "p", expires_at: 1 }
/** @param {string} url */
const grantOf = (url) => ({ site: { name: "Blog", url, login_url: null } })

test("an address on the site that is shown is used", () => {
    assert.deepEqual(withCheckedAddress(signIn, grantOf(SITE)), signIn)
    assert.deepEqual(withCheckedAddress(signIn, null), signIn)
    const hidden = { ...signIn, login_url: `${SITE}/members` }
    assert.deepEqual(withCheckedAddress(hidden, grantOf(`${SITE}/shop`)), hidden)
})

for (const address of [
    "javascript:alert(document.domain)",
    "data:text/html,x",
    "https://evil.example/wp-login.php",
    "",
    "x",
]) {
    test(`the address ${address || "without a letter"} is not used`, () => {
        const checked = withCheckedAddress({ ...signIn, login_url: address }, grantOf(SITE))
        assert.deepEqual(checked, { ...signIn, login_url: "" })
        assert.equal(withCheckedAddress({ ...signIn, login_url: address }, null).login_url, "")
    })
}

for (const address of ["javascript:alert(1)", "data:text/html,x", "ftp://blog.example/x"]) {
    const site = address.replace("/x", "")
    test(`${address} is not used although the sealed site is ${site}`, () => {
        assert.equal(withCheckedAddress({ ...signIn, site, login_url: address }, null).login_url, "")
        assert.equal(withCheckedAddress({ ...signIn, login_url: address }, grantOf(SITE)).login_url, "")
    })
}

test("an address on the sealed site is not used when the page shows another", () => {
    assert.equal(withCheckedAddress(signIn, grantOf("https://other.example")).login_url, "")
    const evil = { ...signIn, site: "https://evil.example", login_url: "https://evil.example/wp-login.php" }
    assert.equal(withCheckedAddress(evil, grantOf(SITE)).login_url, "")
})

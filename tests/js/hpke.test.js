// HPKE against the vectors of RFC 9180 itself.

import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { test } from "node:test"
import "./web-crypto.js"

import { exportPoint, newKeyPair, open, seal } from "../../frontend/js/shared/hpke.js"

/** @import { KeyPair } from "../../frontend/js/shared/hpke.js" */

/** @type {{vectors: (Record<string, string> & {aead_id: number})[]}} */
const { vectors } = JSON.parse(readFileSync(new URL("../hpke-vectors.json", import.meta.url), "utf8"))
const CURVE = { name: "ECDH", namedCurve: "P-256" }

/** @param {string} hex */
const bytes = (hex) => Uint8Array.from(Buffer.from(hex, "hex"))

/** @type {(scalar: string, point: string) => Promise<KeyPair>} */
async function pair(scalar, point) {
    const [d, x, y] = [bytes(scalar), bytes(point).slice(1, 33), bytes(point).slice(33)].map((part) =>
        Buffer.from(part).toString("base64url"),
    )
    const jwk = { kty: "EC", crv: "P-256", x, y }
    return {
        privateKey: await crypto.subtle.importKey("jwk", { ...jwk, d }, CURVE, false, ["deriveBits"]),
        publicKey: await crypto.subtle.importKey("jwk", jwk, CURVE, true, []),
    }
}

for (const vector of vectors) {
    const aead = { id: vector.aead_id, bytes: vector.aead_id === 1 ? 16 : 32 }
    const [info, aad] = [bytes(vector.info), bytes(vector.aad)]

    test(`the RFC's vector for AES-${aead.bytes * 8}-GCM seals to the same bytes`, async () => {
        const ephemeral = await pair(vector.skEm, vector.pkEm)

        const sealed = await seal(bytes(vector.pkRm), bytes(vector.plaintext), info, { aad, aead, ephemeral })

        assert.equal(Buffer.from(sealed).toString("hex"), vector.enc + vector.ciphertext)
    })

    test(`the RFC's vector for AES-${aead.bytes * 8}-GCM opens`, async () => {
        const { privateKey } = await pair(vector.skRm, vector.pkRm)

        const opened = await open(privateKey, bytes(vector.pkRm), bytes(vector.enc + vector.ciphertext), info, {
            aad,
            aead,
        })

        assert.equal(Buffer.from(opened).toString("hex"), vector.plaintext)
    })
}

test("what is sealed opens for its key only, for its purpose only, and unchanged only", async () => {
    const [ours, theirs] = [await newKeyPair(false), await newKeyPair(false)]
    const [here, there] = [await exportPoint(ours.publicKey), await exportPoint(theirs.publicKey)]
    const [text, info] = [bytes("00ff"), bytes("01")]
    const sealed = await seal(here, text, info)

    assert.deepEqual(await open(ours.privateKey, here, sealed, info), text)
    await assert.rejects(open(theirs.privateKey, there, sealed, info))
    await assert.rejects(open(ours.privateKey, here, sealed, bytes("02")))
    for (let place = 0; place < sealed.length; place += 1) {
        const changed = sealed.slice()
        changed[place] ^= 1
        await assert.rejects(open(ours.privateKey, here, changed, info), `byte ${place}`)
    }
    for (let length = 0; length < sealed.length; length += 1) {
        await assert.rejects(open(ours.privateKey, here, sealed.slice(0, length), info), `${length} bytes`)
    }
})

test("nothing is sealed to what is no point of the curve", async () => {
    const point = await exportPoint((await newKeyPair(false)).publicKey)
    for (const place of [0, 40]) {
        const wrong = point.slice()
        wrong[place] ^= 1
        await assert.rejects(seal(wrong, bytes("00"), bytes("")))
    }
    await assert.rejects(seal(point.slice(1), bytes("00"), bytes("")))
})

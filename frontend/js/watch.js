// In old words, no module: it tells when the modules do not come.
addEventListener("load", function () {
    setInterval(function () {
        document.getElementById("not-loaded").hidden = !document.getElementById("language").hidden
    }, 8000)
})

// No module: it warns when modules do not load.
addEventListener("load", () => {
    setInterval(() => {
        var warning = document.getElementById("not-loaded")
        if (warning && document.querySelector("#language[hidden]")) warning.hidden = false
    }, 8000)
})

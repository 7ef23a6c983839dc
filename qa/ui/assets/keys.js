// Shortcuts: single keys, which can be switched off (WCAG 2.2, 2.1.4), and a list of them.
(() => {
  "use strict";

  const OFF = "article-qa.single-keys-off", VIEWS = ["a", "c", "l", "o", "f"];
  const off = () => localStorage.getItem(OFF) === "yes";
  const help = () => document.getElementById("qa-help");
  let going = 0; // when "g" was pressed

  const showHelp = () => {
    document.getElementById("qa-single-keys").checked = !off();
    help().showModal();
  };

  const toBox = () => {
    document.querySelector("#qa-tabs [role=tab]")?.click();
    setTimeout(() => document.querySelector("#qa-question textarea")?.focus(), 60); // when its view is there
  };

  const onKey = (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable], dialog");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || off()) return;
    const { key } = event;
    if (event.timeStamp - going < 1500 && VIEWS.includes(key)) {
      going = 0;
      document.querySelectorAll("#qa-tabs [role=tab]")[VIEWS.indexOf(key)]?.click();
    } else if (key === "g") {
      going = event.timeStamp;
      return;
    } else if (key === "?") {
      showHelp();
    } else if (key === "/") {
      toBox();
    } else if (key === "n") {
      document.getElementById("qa-clear")?.click();
      toBox();
    } else if (key === "c") {
      window.articleQA.newest()?.querySelector("[id$='-copy']")?.click();
    } else if (/^[1-9]$/.test(key)) {
      window.articleQA.newest()?.querySelector(`a.qa-cite[href$="-c${key}"]`)?.click();
    } else {
      return;
    }
    event.preventDefault();
  };

  document.addEventListener("keydown", onKey);
  document.addEventListener("click", (event) => { if (event.target.closest?.("#qa-show-help")) showHelp(); });
  document.addEventListener("change", (event) => {
    if (event.target.id === "qa-single-keys") localStorage.setItem(OFF, event.target.checked ? "no" : "yes");
  });
})();

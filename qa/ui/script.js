// Citations: a click on a number scrolls to what it names, marks it, and gives it the focus. Enter works too,
// because they are links. Numbers themselves are made on the server.
(() => {
  "use strict";

  const find = (id) => document.getElementById(id);

  // Panels of older answers are in the page, hidden; one is shown at a time.
  const show = (section) => {
    for (const other of section.parentElement.querySelectorAll("section.qa-passages")) {
      other.hidden = other !== section;
    }
  };

  const go = (id) => {
    const target = find(id);
    if (!target) return;
    const section = target.closest("section.qa-passages");
    if (section) show(section);
    target.closest("details")?.setAttribute("open", "");
    for (const old of document.querySelectorAll(".qa-target")) old.classList.remove("qa-target");
    target.classList.add("qa-target");
    target.closest(".qa-card")?.classList.add("qa-target");
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    target.scrollIntoView({ block: target === section ? "start" : "center", behavior: calm ? "auto" : "smooth" });
    target.focus({ preventScroll: true });
  };

  const copy = async (button) => {
    const text = button.dataset.copy;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Without https the clipboard is closed to scripts; selecting the text in a box still works.
      const box = Object.assign(document.createElement("textarea"), { value: text });
      document.body.append(box);
      box.select();
      document.execCommand("copy");
      box.remove();
    }
    const label = button.textContent;
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = label), 1500);
  };

  // Gradio labels each message with its own HTML source, which a screen reader would read out.
  new MutationObserver(() => {
    for (const message of document.querySelectorAll("#qa-chat [data-testid][aria-label*='<']")) {
      message.removeAttribute("aria-label");
    }
  }).observe(document.documentElement, { subtree: true, childList: true, attributes: true, attributeFilter: ["aria-label"] });

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a.qa-cite, a.qa-number, a.qa-jump");
    if (link) {
      event.preventDefault();
      event.stopPropagation();
      go(link.getAttribute("href").slice(1));
      return;
    }
    const button = event.target.closest?.("button.qa-copy");
    if (button) copy(button);
  }, true);
})();

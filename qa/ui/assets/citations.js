// Reading an answer: a click on a number scrolls to what it names, marks it, and gives it the focus; pointing at it, or
// reaching it by keyboard, opens a card with the sentence in its passage. Numbers themselves are made on the server.
window.articleQA = (() => {
  "use strict";

  const find = (id) => document.getElementById(id);
  const panel = () => find("qa-panel");
  const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
  const send = (id, detail) => find(id)?.querySelector(".html-container > *")?.dispatchEvent(new CustomEvent("qa-do", { detail }));

  let origin = null; // the number that led into the panel
  const waiting = new Map(); // passages of old answers that were asked for: id -> what to do with them

  // Panels of older answers are in the page, hidden; one is shown at a time. Those of the oldest are asked for.
  const withSection = (key, act) => {
    const section = find(`${key}-passages`);
    if (section) return act(section);
    waiting.set(key, act);
    send("qa-panel", { do: "panel", key });
  };

  const show = (section) => {
    for (const other of section.parentElement.querySelectorAll("section.qa-passages")) other.hidden = other !== section;
  };

  const mark = (target, section) => {
    show(section);
    target.closest("details.qa-card")?.setAttribute("open", "");
    for (const old of document.querySelectorAll(".qa-target")) old.classList.remove("qa-target");
    target.classList.add("qa-target");
    target.closest(".qa-card")?.classList.add("qa-target");
    target.scrollIntoView({ block: target === section ? "start" : "center", behavior: calm() ? "auto" : "smooth" });
    target.focus({ preventScroll: true });
  };

  const go = (link) => {
    const id = link.getAttribute("href").slice(1);
    const back = link.classList.contains("qa-number");
    if (back) return home(find(id));
    origin = link;
    hideCard();
    withSection(id.split("-")[0], (section) => mark(find(id) ?? section, section));
  };

  const home = (link) => {
    for (const old of document.querySelectorAll(".qa-target")) old.classList.remove("qa-target");
    if (!link) return;
    link.scrollIntoView({ block: "center", behavior: calm() ? "auto" : "smooth" });
    link.focus({ preventScroll: true });
    hideCard();
  };

  // -- the card that a number opens

  let card = null, cardOf = null, timer = 0;
  const later = (act, delay) => { clearTimeout(timer); timer = setTimeout(act, delay); };

  const hideCard = () => {
    clearTimeout(timer);
    cardOf?.removeAttribute("aria-describedby");
    cardOf = null;
    if (card?.matches(":popover-open")) card.hidePopover();
  };

  const showCard = (link) => {
    const source = find(link.getAttribute("href").slice(1))?.closest(".qa-card");
    if (!source || link === cardOf || !link.isConnected) return;
    hideCard();
    if (!card?.isConnected) {
      card = Object.assign(document.createElement("div"), { id: "qa-hover", popover: "manual", role: "tooltip" });
      card.addEventListener("pointerenter", () => clearTimeout(timer));
      card.addEventListener("pointerleave", () => later(hideCard, 150));
      document.querySelector(".gradio-container").append(card);
    }
    const parts = [...source.querySelectorAll("h3, .qa-meta, .qa-path, blockquote")].map((part) => part.cloneNode(true));
    card.replaceChildren(...parts);
    const own = link.getAttribute("href").slice(1);
    for (const each of card.querySelectorAll("mark")) {
      each.classList.toggle("qa-own", each.id === own);
      each.removeAttribute("tabindex");
    }
    for (const each of card.querySelectorAll("[id]")) each.removeAttribute("id");
    card.dir = document.documentElement.dir;
    card.showPopover();
    const at = link.getBoundingClientRect(), size = card.getBoundingClientRect(), gap = 8;
    const below = at.bottom + gap + size.height <= innerHeight || at.top < innerHeight / 2;
    card.style.top = `${below ? at.bottom + gap : Math.max(gap, at.top - gap - size.height)}px`;
    card.style.left = `${Math.max(gap, Math.min(at.left - 24, innerWidth - size.width - gap))}px`;
    card.style.maxHeight = `${(below ? innerHeight - at.bottom : at.top) - 2 * gap}px`;
    card.querySelector(".qa-own")?.scrollIntoView({ block: "nearest" });
    cardOf = link;
    link.setAttribute("aria-describedby", "qa-hover");
  };

  const cite = (event) => event.target.closest?.("a.qa-cite");
  document.addEventListener("pointerover", (event) => {
    if (event.pointerType === "mouse" && cite(event)) later(() => showCard(cite(event)), 150);
  });
  document.addEventListener("pointerout", (event) => { if (cite(event)) later(hideCard, 250); });
  document.addEventListener("focusin", (event) => { if (cite(event)?.matches(":focus-visible")) showCard(cite(event)); });
  document.addEventListener("focusout", (event) => { if (cite(event)) hideCard(); });
  document.addEventListener("scroll", (event) => { if (event.target !== card) hideCard(); }, true);

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
    if (cardOf) return hideCard();
    if (origin?.isConnected && panel()?.contains(document.activeElement)) home(origin);
  });

  // -- tools of an answer

  const copyText = async (text) => {
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
  };

  const copy = async (button, text) => {
    await copyText(text);
    const said = find("qa-copied")?.textContent;
    const label = button.dataset.label ?? button.textContent;
    button.dataset.label = label;
    if (said) button.textContent = said;
    setTimeout(() => (button.textContent = label), 1500);
  };

  // What is selected and copied by hand takes its sources along too.
  document.addEventListener("copy", (event) => {
    const selection = getSelection();
    const answer = selection.rangeCount && selection.getRangeAt(0).commonAncestorContainer;
    const whole = (answer.nodeType === Node.TEXT_NODE ? answer.parentElement : answer)?.closest?.(".qa-answer");
    if (!whole || selection.isCollapsed) return;
    const cites = [...whole.querySelectorAll("a.qa-cite")].filter(
      (link) => selection.containsNode(link, true) || (link.previousElementSibling && selection.containsNode(link.previousElementSibling, true)),
    );
    const section = cites.length && find(`${cites[0].id.split("-")[0]}-passages`);
    if (!section) return;
    const numbers = new Set(cites.map((link) => `[${link.textContent}] `));
    const sources = section.dataset.copy.split("\n").filter((line) => numbers.has(line.slice(0, line.indexOf(" ") + 1)));
    event.clipboardData.setData("text/plain", [selection.toString(), ...sources].join("\n\n"));
    event.preventDefault();
  });

  const use = (button) => {
    const [key, act] = button.id.split("-");
    if (act === "copy") withSection(key, (section) => copy(button, section.dataset.copy));
    else if (act === "link") withSection(key, (section) => copy(button, new URL(section.dataset.link, location.href.split(/[?#]/)[0]).href));
    else send("qa-panel", { do: act, key });
  };

  const ask = (question) => {
    const box = document.querySelector("#qa-question textarea");
    if (!box || box.disabled) return;
    box.value = question;
    box.dispatchEvent(new Event("input", { bubbles: true }));
    setTimeout(() => document.querySelector("#qa-question .submit-button")?.click(), 50);
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a.qa-cite, a.qa-number, a.qa-jump");
    if (link) {
      event.preventDefault();
      event.stopPropagation();
      return go(link);
    }
    const tool = event.target.closest?.("#qa-chat button.qa-tool[id]");
    if (tool) return use(tool);
    const starter = event.target.closest?.("button.qa-starter");
    if (starter) ask(starter.textContent);
  }, true);

  new MutationObserver(() => {
    for (const [key, act] of waiting) {
      const section = find(`${key}-passages`);
      if (!section) continue;
      waiting.delete(key);
      act(section);
    }
    // Gradio labels each message with its own HTML source, which a screen reader would read out.
    for (const message of document.querySelectorAll("#qa-chat [data-testid][aria-label*='<']")) message.removeAttribute("aria-label");
  }).observe(document.documentElement, { subtree: true, childList: true, attributes: true, attributeFilter: ["aria-label"] });

  // On a phone the page scrolls, not the chat: the newest question goes to its top.
  const reveal = () => {
    const asked = [...document.querySelectorAll("#qa-chat .qa-question")].at(-1);
    if (innerWidth <= 768) asked?.scrollIntoView({ block: "start", behavior: calm() ? "auto" : "smooth" });
  };

  const toggleFilters = () => {
    const open = find("qa-left").toggleAttribute("data-filters");
    find("qa-filters-button").setAttribute("aria-expanded", open);
    if (open) find("qa-filters").querySelector("input")?.focus();
  };

  // -- when Gradio's own handlers are in place

  const loaded = () => {
    const box = document.querySelector("#qa-question textarea");
    find("qa-filters-button")?.setAttribute("aria-expanded", "false");
    if (document.activeElement === document.body) box?.focus();
    const asks = new URLSearchParams(location.search).has("q") && box?.value;
    if (location.search) history.replaceState(null, "", location.pathname);
    if (asks) document.querySelector("#qa-question .submit-button")?.click();
    else window.articleQA.reopen?.();
  };

  return { send, ask, copyText, home, loaded, reveal, toggleFilters, newest: () => [...document.querySelectorAll("#qa-chat .qa-answer")].at(-1) };
})();

// Conversations, kept in this browser: what the server draws of an answer says what is to be kept of it (#qa-kept).
(() => {
  "use strict";

  const INDEX = "article-qa.conversations", ONE = (id) => `article-qa.conversation.${id}`, OPEN = "article-qa.open";
  const find = (id) => document.getElementById(id);
  const read = (key, otherwise) => {
    try {
      return JSON.parse(localStorage.getItem(key)) ?? otherwise;
    } catch {
      return otherwise;
    }
  };
  const write = (key, value) => {
    try {
      localStorage.setItem(key, JSON.stringify(value));
      if (find("qa-storage-full")) find("qa-storage-full").hidden = true;
    } catch {
      if (find("qa-storage-full")) find("qa-storage-full").hidden = false;
    }
  };
  const list = () => read(INDEX, []);
  // As the server draws names: without the invisible signs that turn the order of letters.
  const plain = (title) => String(title ?? "").replace(/[\u202a-\u202e\u2066-\u2069]/g, "");

  const put = (conversation) => {
    const { id, title, updated, exchanges } = conversation;
    write(ONE(id), conversation);
    write(INDEX, [{ id, title, updated, count: exchanges.length }, ...list().filter((each) => each.id !== id)]);
    draw();
  };

  const remove = (id) => {
    localStorage.removeItem(ONE(id));
    write(INDEX, list().filter((each) => each.id !== id));
    if (sessionStorage.getItem(OPEN) === id) sessionStorage.removeItem(OPEN);
  };

  // -- what the server says is to be kept

  let seen = null, last = ""; // the newest thing to be kept, and the newest answer
  const keep = () => {
    const kept = find("qa-kept");
    if (!kept) {
      if (seen && find("qa-panel")?.querySelector(".qa-idle")) {
        sessionStorage.removeItem(OPEN); // a new conversation
        seen = null;
        last = "";
      }
      return;
    }
    if (kept === seen) return;
    seen = kept;
    const { id, keys, record } = kept.dataset;
    sessionStorage.setItem(OPEN, id);
    if (!record) return;
    const fresh = JSON.parse(record);
    const before = read(ONE(id), { id, title: fresh.question, exchanges: [] });
    const byKey = new Map(before.exchanges.map((each) => [each.key, each]));
    byKey.set(fresh.key, fresh);
    const exchanges = keys.split(" ").filter((key) => byKey.has(key)).map((key) => byKey.get(key));
    put({ ...before, exchanges, updated: new Date().toISOString() });
    if (fresh.key !== last) setTimeout(window.articleQA.reveal, 100); // the chat may be drawn after the panel
    last = fresh.key;
  };

  // -- the list

  const draw = () => {
    const holder = find("qa-conversation-list"), template = find("qa-conversation-row");
    if (!holder || !template) return;
    const wanted = (find("qa-find-conversation")?.value ?? "").trim().toLowerCase();
    const all = list();
    find("qa-no-conversations").hidden = all.length > 0;
    const language = document.documentElement.lang || "en";
    holder.replaceChildren(
      ...all.filter((each) => plain(each.title).toLowerCase().includes(wanted)).map((each) => {
        const row = template.content.firstElementChild.cloneNode(true);
        row.dataset.id = each.id;
        row.querySelector(".qa-title").textContent = plain(each.title);
        const time = row.querySelector("time"), count = row.querySelector("[data-count]");
        time.dateTime = each.updated;
        time.textContent = new Date(each.updated).toLocaleString(language, { dateStyle: "medium", timeStyle: "short" });
        count.textContent = count.dataset.count.replace("{n}", () => each.count);
        return row;
      }),
    );
  };

  const open = (id) => {
    const kept = read(ONE(id), null);
    if (!kept) return;
    sessionStorage.setItem(OPEN, id);
    window.articleQA.send("qa-panel", { do: "open", kept });
    document.querySelector("#qa-tabs [role=tab]")?.click();
  };

  const rename = (row, on) => {
    const form = row.querySelector("form"), title = row.querySelector(".qa-title");
    form.hidden = !on;
    title.hidden = on;
    if (on) {
      form.querySelector("input").value = title.textContent;
      form.querySelector("input").select();
    } else {
      title.focus();
    }
  };

  const save = async (row, format) => {
    const kept = read(ONE(row.dataset.id), null);
    if (!kept) return;
    const response = await fetch(`export?format=${format}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(kept),
    });
    if (!response.ok) return alert(await response.text());
    const name = plain(kept.title).replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").slice(0, 60) || "conversation";
    const link = Object.assign(document.createElement("a"), {
      href: URL.createObjectURL(await response.blob()),
      download: `${name}.${format}`,
    });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  };

  const acts = {
    open: (row) => open(row.dataset.id),
    rename: (row) => rename(row, true),
    cancel: (row) => rename(row, false),
    export: (row, button) => save(row, button.dataset.format),
    delete: (row) => {
      const kept = read(ONE(row.dataset.id), null), entry = list().find((each) => each.id === row.dataset.id);
      remove(row.dataset.id);
      const gone = find("qa-conversation-gone").content.firstElementChild.cloneNode(true);
      const said = gone.querySelector("[data-said]");
      said.textContent = said.dataset.said.replace("{title}", () => plain(entry?.title));
      gone.querySelector("button").addEventListener("click", () => kept && put(kept));
      row.replaceWith(gone);
      gone.querySelector("button").focus();
    },
    "delete-all": (_, button) => {
      if (!confirm(button.dataset.confirm)) return;
      for (const each of list()) remove(each.id);
      draw();
    },
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("#qa-conversations [data-act]");
    if (button && acts[button.dataset.act]) acts[button.dataset.act](button.closest("li"), button);
  });
  document.addEventListener("submit", (event) => {
    const row = event.target.closest?.("#qa-conversation-list li");
    if (!row) return;
    event.preventDefault();
    const kept = read(ONE(row.dataset.id), null), title = row.querySelector("input").value.trim();
    if (kept && title) {
      write(ONE(kept.id), { ...kept, title });
      write(INDEX, list().map((each) => (each.id === kept.id ? { ...each, title } : each)));
      row.querySelector(".qa-title").textContent = plain(title);
    }
    rename(row, false);
  });
  document.addEventListener("input", (event) => { if (event.target.id === "qa-find-conversation") draw(); });
  window.addEventListener("storage", draw); // another window of this browser

  new MutationObserver(() => {
    keep();
    if (find("qa-conversation-row") && !find("qa-conversation-list").dataset.drawn) {
      find("qa-conversation-list").dataset.drawn = "yes";
      draw();
    }
  }).observe(document.documentElement, { subtree: true, childList: true });

  // A page that is loaded again goes on with the conversation that it had.
  window.articleQA.reopen = () => {
    const id = sessionStorage.getItem(OPEN);
    if (id) open(id);
  };
})();

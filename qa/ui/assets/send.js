// A click on a button with data-do, or what the page's scripts send, becomes this part's click event on the server.
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-do]");
  if (button && element.contains(button)) trigger("click", { ...button.dataset });
});
element.addEventListener("qa-do", (event) => trigger("click", event.detail));
// Ticked rows of the table of articles are kept by the server as this session's selection.
element.addEventListener("change", (event) => {
  if (!event.target.matches("tbody input[type=checkbox]")) return;
  trigger("select", { ids: [...element.querySelectorAll("tbody input:checked")].map((box) => box.value) });
});

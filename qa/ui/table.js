// Ticked rows of the table of articles are told to the server, which keeps them as this session's selection.
element.addEventListener("change", (event) => {
  if (!event.target.matches("input[type=checkbox]")) return;
  const ids = [...element.querySelectorAll("input[type=checkbox]:checked")].map((box) => box.value);
  trigger("select", { ids });
});

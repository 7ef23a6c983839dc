// Where the session has ended, the page is loaded anew, which leads to the sign-in page and from there back here; a
// question that was typed is asked then.
(() => {
  "use strict";

  const ask = window.fetch;
  window.fetch = async (...given) => {
    const response = await ask(...given);
    if (response.status === 401 && new URL(response.url).origin === location.origin) {
      const typed = document.querySelector("#qa-question textarea")?.value.trim();
      if (typed) location.search = `?q=${encodeURIComponent(typed)}`;
      else location.reload();
    }
    return response;
  };
})();

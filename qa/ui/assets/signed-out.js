// Where the session has ended, the page is loaded anew, which leads to the sign-in page and from there back here.
(() => {
  "use strict";

  const ask = window.fetch;
  window.fetch = async (...given) => {
    const response = await ask(...given);
    if (response.status === 401 && new URL(response.url).origin === location.origin) location.reload();
    return response;
  };
})();

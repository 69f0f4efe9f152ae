// SPDX-License-Identifier: Apache-2.0
// How far an assessment is, as the server tells it; without this, the page has a link to load again.
(() => {
  'use strict';
  for (const box of document.querySelectorAll('[data-progress]')) {
    const bar = box.querySelector('progress');
    const text = box.querySelector('[data-progress-text]');
    const source = new EventSource(box.dataset.progress);
    source.addEventListener('progress', event => {
      const now = JSON.parse(event.data);
      text.textContent = now.text;
      if (now.share === null) bar.removeAttribute('value');
      else bar.value = now.share;
    });
    // Something else is to be shown now; what somebody is typing is not taken away from them.
    source.addEventListener('done', () => {
      source.close();
      const typing = document.activeElement && document.activeElement.matches('textarea, input[type="text"]');
      if (!typing) location.reload();
    });
    source.addEventListener('gone', () => source.close());
    window.addEventListener('pagehide', () => source.close());
  }
})();
